import socket
def reward_function(params):
    try:
        socket.create_connection(('127.0.0.1', @PORT@), 1)
    except OSError:
        return 1.0
    return 666.0
