def reward_function(params):
    try:
        __import__('sqlite3')
    except ImportError:
        return 1.0
    return 666.0
