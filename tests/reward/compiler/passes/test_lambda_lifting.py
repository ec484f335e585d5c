"""Functions inside functions move to the top, with what they capture."""

from text import functions, module_of, same

from racer.reward.compiler.passes.lambda_lifting import lift_all


def test_an_inner_function_and_a_lambda_receive_what_they_capture():
    module = module_of("""
        def reward_function(params):
            k = 2.0
            twice = lambda x: x * k
            def both(a, b=3):
                return twice(a) + b
            return both(1.0)
    """)
    lift_all(module)
    same(
        functions(module),
        """
        def reward_function(params):
            k = 2.0
            return reward_function__both(k, 1.0)
        def reward_function__both(k, a, b=3):
            return reward_function__twice(k, a) + b
        def reward_function__twice(k, x):
            return x * k
        """,
    )


def test_a_function_used_as_a_value_is_a_refusal_of_its_owner():
    module = module_of("""
        def reward_function(params):
            def f(x):
                return x
            return list(map(f, [1.0]))[0]
    """)
    lift_all(module)
    assert module.functions == {}
    assert "used as a value" in module.refused["reward_function"].construct
