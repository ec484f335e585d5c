import subprocess
def reward_function(params):
    try:
        subprocess.run(['/bin/sh', '-c', 'echo gone > @CANARY@'])
    except OSError:
        return 1.0
    return 666.0
