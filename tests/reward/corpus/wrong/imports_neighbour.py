import my_other_file
def reward_function(params):
    return my_other_file.value
