import threading
def reward_function(params):
    try:
        threading.Thread(target=print).start()
    except RuntimeError:
        return 1.0
    return 666.0
