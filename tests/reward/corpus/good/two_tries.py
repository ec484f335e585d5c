"""Two blocks that raise, one by an index: numba alone loses count of references here."""


def share(value, parts):
    try:
        whole = len(parts)
        each = value / (whole - 1)
        each = each + parts[3]
    except (ZeroDivisionError, IndexError):
        each = -1.0
    return each


def reward_function(params):
    reward = 0.0
    ahead = int(params["speed"] * 100)
    try:
        reward += params["waypoints"][ahead][0]
    except IndexError:
        reward += 10
    try:
        reward += 1.0 / (params["steps"] - 2)
    except ZeroDivisionError:
        reward += 5
    else:
        reward += 0.5
    for k in range(3):
        try:
            part = [1.0, 2.0, params["speed"]][k + ahead % 3]
        except Exception:
            part = 0.25
        reward += part
    return reward + share(params["speed"], [params["x"]] * (ahead % 5))
