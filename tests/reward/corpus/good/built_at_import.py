def build():
    return [i * 0.5 for i in range(10)]
T = build()
def reward_function(params):
    return T[int(params['steps']) % 10]
