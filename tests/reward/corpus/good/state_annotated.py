from typing import Optional

last_speed: Optional[float] = None


def reward_function(params: dict) -> float:
    global last_speed
    speed: float = params["speed"]
    change = 0.0 if last_speed is None else speed - last_speed
    last_speed = speed
    return 1.0 - abs(change) / 4
