import resource
def reward_function(params):
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))
    except (OSError, ValueError):
        return 1.0
    return 666.0
