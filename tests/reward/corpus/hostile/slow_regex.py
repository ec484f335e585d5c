import re
import os
def reward_function(params):
    return float(bool(re.match(r'(a+)+$', 'a' * 60 + 'b')))
