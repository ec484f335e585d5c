speeds = []
WINDOW = 4


def reward_function(params):
    global speeds
    speeds.append(params["speed"])
    speeds = speeds[-WINDOW:]
    return sum(speeds) / len(speeds)
