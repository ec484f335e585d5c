import math


def reward_function(params):
    if params.get("is_offtrack") or not params.get("all_wheels_on_track", True):
        return 1e-3
    points = params.get("waypoints") or []
    closest = params.get("closest_waypoints") or [0, 0]
    a, b = points[closest[0] % len(points)], points[closest[1] % len(points)]
    direction = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
    inside = float(abs(direction) > 90) + (0.5, 1.5)[params["is_left_of_center"]]
    return inside + [1.0, 0.5, 0.1][
        (params["distance_from_center"] > 0.1) + (params["distance_from_center"] > 0.2)
    ]
