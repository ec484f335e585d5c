"""An error text that would clear the terminal, retitle it and look like more lines."""


def reward_function(params):
    raise ValueError("\x1b[2J\x1b]0;owned\x07\nrewards/other.py:1: fine")
