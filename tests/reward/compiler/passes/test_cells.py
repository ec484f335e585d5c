"""State is read from, and written to, the cells of one car."""

import pytest
from text import functions, module_of, refuses, same

from racer.reward import usage
from racer.reward.compiler.kinds import Kinds
from racer.reward.compiler.passes.cells import place
from racer.reward.compiler.passes.state import name_state


def _placed(text):
    module = module_of(text)
    name_state(module)
    dicts = usage.params_names({name: [f] for name, f in module.functions.items()})
    return module, place(module.functions, module, Kinds(module, module.functions, dicts))


def test_a_number_is_read_loosely_where_its_kind_makes_no_difference():
    module, (cell,) = _placed("""
        last = 0
        def reward_function(params):
            global last
            d = params["speed"] - last
            if last > 2:
                d = last
            last = params["speed"]
            return d
    """)
    same(
        functions(module),
        """
        def reward_function(params):
            pass
            d = params["speed"] - _rs.get_n(_c, 0)
            if _rs.get_n(_c, 0) > 2:
                d = _rs.get_f(_c, 0)
            _rs.put(_c, 0, params["speed"])
            return d
        """,
    )
    assert (cell.room, cell.start, cell.kinds) == (-1, 0, {"i", "f"})


def test_none_and_truth_are_asked_of_the_cell():
    module, _ = _placed("""
        last = None
        def reward_function(params):
            global last
            new = last is None
            old = 1.0 if last else 2.0
            last = params["is_left_of_center"]
            return old if new else not last
    """)
    same(
        functions(module),
        """
        def reward_function(params):
            pass
            new = _rs.is_none(_c, 0)
            old = 1.0 if _rs.is_true(_c, 0) else 2.0
            _rs.put(_c, 0, params["is_left_of_center"])
            return old if new else not _rs.is_true(_c, 0)
        """,
    )


def test_a_list_has_room_for_what_the_text_allows():
    module, (cell,) = _placed("""
        h = []
        def reward_function(params):
            h.append(params["speed"])
            if len(h) > 5:
                h.pop(0)
            h[0] = 1.0
            return sum(h) + h[-1]
    """)
    same(
        functions(module),
        """
        def reward_function(params):
            _rs.push(_c, 0, 18, 0, params["speed"])
            if _rs.length(_c, 0) > 5:
                _rs.drop(_c, 0, 0)
            _kept_1 = 1.0
            _rs.put(_c, _rs.item(_c, 0, 0), _kept_1)
            return sum(_rs.list_f(_c, 0)) + _rs.get_f(_c, _rs.item(_c, 0, -1))
        """,
    )
    assert (cell.room, cell.kinds) == (18, {"f"})


def test_cells_follow_each_other():
    _, cells = _placed("""
        a = 0
        h = [1.0, 2.0]
        z = 0.5
        def reward_function(params):
            global a, z
            a += 1
            h[0] = z
            z = params["speed"]
            return h[1] + a + z
    """)
    assert [(c.name, c.at, c.room) for c in cells] == [("a", 0, -1), ("h", 1, 2), ("z", 4, -1)]


@pytest.mark.parametrize(
    ("first", "statement", "construct"),
    [
        ("0", "s = 1 if params['speed'] > 1 else 2.5\n    v = s", "may be a float or an int"),
        ("0.0", "v = 'left'", "not always a number"),
        ("[]", "v.append(params['speed'])\n    return len(v)", "sets no bound"),
        ("[0.0]", "v[0] = 1.0\n    return v", "a list used as a value"),
        ("[0.0]", "v[0] = 1.0\n    v.sort()", ".sort()"),
        ("[]", "v.append([1.0, 2.0])\n    v.pop()", "not always a number"),
    ],
)
def test_what_is_no_number_and_no_short_list_is_refused(first, statement, construct):
    text = f"v = {first}\ndef reward_function(params):\n    global v\n    {statement}\n    return v"
    with pytest.raises(Exception) as caught:  # noqa: PT011  the construct is the test
        _placed(text)
    assert construct in getattr(caught.value, "construct", "")


def test_a_list_given_to_a_function_that_changes_it_is_refused():
    text = """
        h = [0.0]
        def mean(values):
            h[0] = 1.0
            return sum(values)
        def reward_function(params):
            h[0] = 2.0
            return mean(h)
    """
    refuses(lambda: _placed(text), "passed to mean()", 7)
