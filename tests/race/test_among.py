"""Races with boxes, bots and other cars: exact, repeatable, and seen by policies."""

import numpy as np
import pytest

from racer.config import Others, RaceConfig
from racer.errors import BadConfig
from racer.race import make_race
from racer.sim.nearby import arrange_all
from racer.sim.types import BOT, BOX, CRASHED, OTHER_CAR, STATUS_LABELS

BOXES = Others(race="object_avoidance", obstacles=5, randomize_obstacles=True)
BOTS = Others(
    race="head_to_bot",
    bots=3,
    bot_speed="0.5..1.5",
    lane_changes=True,
    lane_change_s="0.5..1",
    randomize_bots=True,
    obstacles=1,
)
CARS = Others(race="multi", cars=3, obstacles=1, bots=1)
COLUMNS = ("cars", "params", "commands", "rewards", "terminated", "truncated", "obs")


def history(race, actions):
    """Bytes of every world after every step; done cars start again."""
    worlds = [[] for _ in range(len(race.objects))]
    for step in range(actions.shape[1]):
        race.step(actions[:, step])
        for w, own in enumerate(worlds):
            rows = slice(w * race.per_world, (w + 1) * race.per_world)
            own.extend(getattr(race, name)[rows].tobytes() for name in COLUMNS)
        if race.done_count:
            race.reset(race.done)
        for w, own in enumerate(worlds):
            own.append(race.objects[w].tobytes())
    return worlds


def weaving(n, steps, seed=0):
    rng = np.random.default_rng(seed)
    steer = 0.5 * np.sin(np.arange(steps) / 5 + rng.uniform(0, 6, (n, 1)))
    return np.stack([steer, rng.uniform(-0.8, 0.2, (n, steps))], axis=2).astype(np.float32)


@pytest.mark.parametrize(
    ("others", "rules"),
    [(BOXES, {"alternate_direction": True}), (BOTS, {}), (CARS, {})],
    ids=["boxes", "bots", "cars"],
)
def test_a_world_among_many_equals_a_race_of_one_world(race, others, rules):
    worlds, each, steps, seed = 9, others.learners, 150, 11
    actions = weaving(worlds * each, steps)
    many = history(race(worlds * each, seed=seed, others=others, **rules), actions)
    one = race(each, others=others, **rules)
    for w in range(worlds):
        one.seed(seed + w * each)
        one.reset()
        assert history(one, actions[w * each : (w + 1) * each])[0] == many[w], f"world {w}"


def test_a_car_that_drives_into_a_box_has_crashed(race):
    made = race(1, others=Others(race="object_avoidance", obstacle_positions="0.3,inner"))
    x, y, yaw = (float(made.objects[name][0, 0]) for name in ("x", "y", "yaw"))
    made.cars["x"], made.cars["y"] = x - 0.45 * np.cos(yaw), y - 0.45 * np.sin(yaw)
    made.cars["yaw"], made.cars["v"] = yaw, 1.0
    for _ in range(3):
        made.step(np.array([[0.0, -0.5]], np.float32))
    assert STATUS_LABELS[made.cars["status"][0]] == "crashed"
    assert made.terminated[0]
    assert made.params["is_crashed"][0]
    assert made.hits[0] == 1


def test_a_car_that_is_hit_from_behind_has_not_crashed(race):
    made = race(1, others=Others(race="head_to_bot", bots=1))
    x, y, yaw = (float(made.objects[name][0, 0]) for name in ("x", "y", "yaw"))
    made.cars["x"], made.cars["y"] = x + 0.1 * np.cos(yaw), y + 0.1 * np.sin(yaw)
    made.cars["yaw"], made.cars["progress"] = yaw + 0.3, 50.0  # % of the lap: ahead of the bot
    made.step(np.zeros((1, 2), np.float32))
    assert made.hits[0] == -1
    assert STATUS_LABELS[made.cars["status"][0]] == "in_progress"
    assert not made.params["is_crashed"][0]
    assert not made.done.any()


def test_worlds_hold_cars_then_boxes_then_bots(race):
    made = race(6, others=CARS)
    assert made.objects.shape == (2, 5)
    assert made.objects["kind"][0].tolist() == [OTHER_CAR] * 3 + [BOX, BOT]
    assert (made.objects["x"][:, :3].ravel() == made.cars["x"]).all()
    assert made.worlds.tolist() == [0, 0, 0, 1, 1, 1]


def test_what_is_around_a_car_follows_the_features_of_the_road(race):
    alone, among = race(4), race(4, others=BOTS)
    assert alone.obs.shape == (4, 21)
    assert among.obs.shape == (4, 33)
    among.cars[:] = alone.cars
    assert (among.refresh()[:, :21] == alone.obs).all()


def test_the_nearest_objects_ahead_come_first_across_the_start_line(race, oval):
    made = race(
        1,
        others=Others(
            race="object_avoidance", obstacle_positions="0.1,inner; 0.5,outer; 0.95,outer"
        ),
    )
    length, top = oval.length, float(made.vehicle["speed_max"][0])
    made.cars["s"], made.cars["v"] = 0.9 * length, 1.5
    seen = made.refresh()[0, 21:].reshape(3, 4)
    boxes = made.objects[0]
    gaps = (boxes["s"] - 0.9 * length) % length
    order = np.argsort(gaps)
    near = [gap for gap in gaps[order] if gap < 8.0]
    assert seen[: len(near), 0] == pytest.approx(np.clip(np.array(near) / 2.0, -4, 4), abs=1e-6)
    assert (seen[len(near) :] == [4.0, 0.0, 0.0, 0.0]).all()
    assert (
        np.sign(seen[: len(near), 1]).tolist() == np.sign(boxes["n"][order][: len(near)]).tolist()
    )
    assert seen[: len(near), 2] == pytest.approx(-1.5 / top, abs=1e-6)
    assert seen[: len(near), 3] == pytest.approx(1.0)  # a box is 0.4 m wide where crashes count


def test_a_car_beside_is_still_seen_and_one_behind_is_not(race):
    made = race(2, others=Others(race="multi", cars=2))
    made.cars["s"] = [5.0, 4.0]
    made.objects["s"][0] = [4.86, 3.86]
    arrange_all(made.objects)
    made._observe()
    assert made.obs[0, 21] == 4.0  # the other is a metre behind
    assert made.obs[1, 21] == pytest.approx(0.43)
    made.objects["s"][0, 1] = 4.6
    arrange_all(made.objects)
    made._observe()
    assert made.obs[0, 21] == pytest.approx(-0.2)  # 0.4 m behind the nose: its bodies overlap


def test_bots_report_one_speed_for_everything_and_their_own_where_they_differ(race):
    same = race(1, others=Others(race="head_to_bot", bots=2, obstacles=1, bot_speed="0.7"))
    assert same.objects["params_speed"][0].tolist() == [0.7, 0.7, 0.7]
    own = race(1, others=BOTS).objects[0]
    assert own["params_speed"][0] == 0.0  # the box
    assert len(set(own["params_speed"][1:].tolist())) == 3
    assert ((own["speed"][1:] >= 0.5) & (own["speed"][1:] <= 1.5)).all()
    alone = race(1, others=BOXES)
    assert (alone.objects["params_heading"] == 0.0).all()


def test_a_saved_race_goes_on_bit_for_bit(race):
    from racer.envs.sb3 import RacerVecEnv

    actions = weaving(6, 60, seed=3)
    first = RacerVecEnv(race(6, others=CARS, max_steps=40))
    first.reset()
    for k in range(30):
        first.step(actions[:, k])
    saved = first.get_state()
    again = RacerVecEnv(race(6, others=CARS, max_steps=40))
    again.reset()
    again.set_state(saved)
    for k in range(30, 60):
        one, two = first.step(actions[:, k]), again.step(actions[:, k])
        assert all((a == b).all() for a, b in zip(one[:3], two[:3], strict=True))
    assert first.race.objects.tobytes() == again.race.objects.tobytes()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"obstacles": 3}, "Add --race object_avoidance"),
        ({"race": "object_avoidance", "obstacles": 20}, "20 obstacles do not fit on oval"),
        ({"race": "object_avoidance", "obstacles": 61}, "allowed is 0 to 60"),
        ({"race": "object_avoidance", "obstacle_positions": "0.001,inner"}, "on the start line"),
        ({"race": "object_avoidance", "obstacle_positions": "1.5,inner"}, "from 0 to 1"),
        ({"race": "object_avoidance", "obstacle_positions": "0.5,left"}, "inner or outer"),
        ({"race": "head_to_bot", "bot_speed": "-1"}, "within 0 to 12 m/s"),
        ({"race": "head_to_bot", "bot_speed": "2..1"}, "within 0 to 12 m/s"),
        ({"race": "head_to_bot", "bots": 40, "obstacles": 30}, "at most 60 fit"),
        ({"race": "multi", "cars": 17}, "allowed is 1 to 16"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_the_number_and_the_limit(settings, said):
    with pytest.raises(BadConfig, match=said):
        make_race(RaceConfig(track="oval", others=Others(**settings)), 12, with_reward=False)


def test_cars_fill_whole_worlds():
    config = RaceConfig(track="oval", others=Others(race="multi", cars=4))
    with pytest.raises(BadConfig, match="6 cars cannot race in worlds of 4"):
        make_race(config, 6, with_reward=False)


def test_cars_that_restart_in_a_running_world_do_not_stand_in_others(race):
    made = race(8, others=Others(race="multi", cars=8))
    for k in range(120):
        made.step(weaving(8, 120, seed=5)[:, k])
        if made.done_count:
            again = made.done.copy()
            made.reset(again)
            for i in np.flatnonzero(again):
                apart = np.hypot(
                    made.cars["x"] - made.cars["x"][i], made.cars["y"] - made.cars["y"][i]
                )
                apart[i] = np.inf
                assert apart.min() > 0.35  # more than a car's length
    assert (made.cars["status"] != CRASHED).any()
