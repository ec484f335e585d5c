def reward_function(params):
    LIMIT = 0.6
    points = params["waypoints"]

    def bends(first, limit=LIMIT, count=4):
        total = 0.0
        for k in range(count):
            a, b = points[(first + k) % len(points)], points[(first + k + 1) % len(points)]
            total += abs(b[0] - a[0])
        return total > limit

    return 1.0 if bends(params["closest_waypoints"][1]) else params["speed"]
