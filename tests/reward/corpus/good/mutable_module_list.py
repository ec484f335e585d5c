history = []
def reward_function(params):
    if params['steps'] <= 2:
        history.clear()
    history.append(params['speed'])
    return sum(history) / len(history)
