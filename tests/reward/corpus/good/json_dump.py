import json
def reward_function(params):
    text = json.dumps(params)
    return float(len(text) > 100) + params['speed']
