from typing import Dict, List, Tuple
Point = Tuple[float, float]
def gap(a: Point, b: Point) -> float:
    return ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5
def reward_function(params: Dict) -> float:
    here: Point = (params['x'], params['y'])
    w: List[Point] = params['waypoints']
    return gap(here, w[params['closest_waypoints'][1]])
