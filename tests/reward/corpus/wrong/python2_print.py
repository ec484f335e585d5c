def reward_function(params):
    print "hello"
    return 1.0
