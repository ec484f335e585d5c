"""What a Race promises its doors: starts, directions, resets, action checks, state in one array."""

import numpy as np
import pytest

from racer.actions import Continuous, Discrete
from racer.config import RaceConfig, Rules
from racer.race import episode_info, make_race


class Always:
    """A reward engine that pays 2.5 a step."""

    name, why, needs = "always", "", frozenset()

    def bind(self, rows, out):
        return None

    def submit(self, rows, cars):
        self.seen = rows["steps"].copy()

    def collect(self, out):
        out[:] = 2.5

    def close(self):
        pass


def test_round_robin_starts_are_five_percent_of_a_lap_apart(race, oval):
    r = race(3, seed=4)
    for episode in range(25):
        expected = [(4 + i + episode) * 0.05 % 1.0 * oval.length for i in range(3)]
        assert np.abs(r.cars["start_s"] - expected).max() < 1e-9
        assert r.cars["episode"].tolist() == [episode] * 3
        placed = oval.nearest(r.cars["x"], r.cars["y"])
        gap = np.remainder(placed["s"] - r.cars["start_s"] + 1.0, oval.length) - 1.0
        assert np.abs(gap).max() < 1e-9
        r.reset()


def test_the_start_line_is_the_same_for_everyone(race):
    r = race(3, seed=4, start="line")
    assert r.cars["start_s"].tolist() == [0.0] * 3
    assert len(set(r.cars["x"].tolist())) == 1


def test_random_starts_are_on_the_road_and_keyed_by_the_car(race, oval):
    r = race(200, start="random", seed=7)
    assert (r.cars["wheels_off"] == 0).mean() > 0.95
    assert len(set(r.cars["start_s"].tolist())) == 200
    assert r.cars["start_s"].max() - r.cars["start_s"].min() > 0.9 * oval.length
    again = race(1, start="random", seed=7 + 123)
    assert again.cars["start_s"][0] == r.cars["start_s"][123]


def test_alternate_direction_turns_every_second_episode_round(race, oval):
    r = race(1, start="line", alternate_direction=True)
    for episode in range(4):
        way = oval.reversed() if episode % 2 else oval
        r.step(np.zeros((1, 2), np.float32))
        assert bool(r.params["is_reversed"][0]) == (episode % 2 == 1)
        first, second = way.center[0], way.center[1]
        heading = np.degrees(np.arctan2(*(second - first)[::-1]))
        assert r.params["heading"][0] == pytest.approx(heading, abs=1.0)
        r.reset()


def test_reverse_drives_the_other_way_and_says_so(race, driver):
    r = race(start="line", reverse=True)
    progress = []
    for _ in range(40):
        r.step(driver(r))
        progress.append(float(r.params["progress"][0]))
    assert r.params["is_reversed"][0]
    assert (np.diff(progress) >= 0).all()
    assert progress[-1] > 5.0


def test_only_the_cars_of_the_mask_are_reset(race, driver):
    r = race(4)
    for _ in range(10):
        r.step(driver(r))
    before = r.cars.copy()
    r.reset(np.array([False, True, False, True]))
    assert r.cars[[0, 2]].tobytes() == before[[0, 2]].tobytes()
    assert r.cars["episode"].tolist() == [0, 1, 0, 1]
    assert r.cars["steps"].tolist() == [11, 1, 11, 1]


def test_seed_begins_again_at_the_first_episode(race, driver):
    r = race(3, seed=5)
    first = r.cars.tobytes()
    for _ in range(20):
        r.step(driver(r))
    r.reset()
    r.seed(5)
    r.reset()
    assert r.cars.tobytes() == first


def test_cars_is_the_only_state(race, driver):
    r = race(6)
    for _ in range(15):
        r.step(driver(r))
    saved = r.cars.copy()
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (30, 6, 2)).astype(np.float32)

    def run(one):
        return b"".join(one.step(a).tobytes() + one.params.tobytes() for a in actions)

    expected = run(r)
    other = race(6, seed=99)
    other.cars[:] = saved
    other.refresh()
    assert run(other) == expected


def test_terminated_and_truncated_are_never_both(race, driver):
    r = race(32, max_steps=50)
    rng = np.random.default_rng(0)
    ended = [0, 0]
    for _ in range(400):
        r.step(driver(r) + rng.normal(0, 1.5, (32, 2)))
        assert not (r.terminated & r.truncated).any()
        assert (r.done == (r.terminated | r.truncated)).all()
        assert r.done_count == r.done.sum()
        ended[0] += int(r.terminated.sum())
        ended[1] += int(r.truncated.sum())
        r.reset(r.done)
    assert min(ended) > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (3, 1)])
def test_an_action_that_is_no_number_names_the_car_and_changes_nothing(race, bad, place):
    r = race(5, reward=Always())
    action = np.zeros((5, 2), np.float32)
    action[place] = bad
    before = [a.tobytes() for a in (r.cars, r.params, r.rewards, r.obs)]
    with pytest.raises(ValueError, match=f"of car {place[0]} is not in"):
        r.step(action)
    assert [a.tobytes() for a in (r.cars, r.params, r.rewards, r.obs)] == before
    r.step(np.zeros((5, 2), np.float32))
    assert np.isfinite(r.obs).all()


@pytest.mark.parametrize("index", [-1, 2, 10**9])
def test_an_index_outside_the_list_names_the_car_and_changes_nothing(race, index):
    r = race(3, actions=Discrete(((-20.0, 1.0), (20.0, 2.0))))
    before = r.cars.tobytes()
    with pytest.raises(ValueError, match="of car 2 is not in Discrete"):
        r.step(np.array([0, 1, index]))
    assert r.cars.tobytes() == before


@pytest.mark.parametrize("shape", [(2,), (3, 3), (2, 2), (3, 2, 1)])
def test_actions_of_the_wrong_shape_are_refused(race, shape):
    r = race(3)
    before = r.cars.tobytes()
    with pytest.raises(ValueError, match="3 cars take"):
        r.step(np.zeros(shape, np.float32))
    assert r.cars.tobytes() == before


@pytest.mark.parametrize("actions", [[0.7, 0.0], [np.nan, 1.0], ["0", "1"], [None, 0]])
def test_what_is_no_index_is_refused_not_rounded(race, actions):
    r = race(2, actions=Discrete(((-20.0, 1.0), (20.0, 2.0))))
    with pytest.raises(ValueError, match="2 cars take"):
        r.step(actions)


def test_finite_actions_outside_are_clipped(race):
    inside, outside = race(2), race(2)
    inside.step(np.array([[1, -1], [-1, 1]], np.float32))
    outside.step(np.array([[7, -1e30], [-1e30, 1e9]], np.float32))
    assert inside.cars.tobytes() == outside.cars.tobytes()
    assert inside.params.tobytes() == outside.params.tobytes()


def test_rewards_add_up_to_the_return_and_are_called_once_a_step(race, driver):
    reward = Always()
    r = race(2, reward=reward)
    for k in range(1, 8):
        r.step(driver(r))
        assert r.rewards.tolist() == [2.5, 2.5]
        assert reward.seen.tolist() == [k + 1.0, k + 1.0]
    assert r.cars["episode_return"].tolist() == [17.5, 17.5]


def test_episode_info_of_a_lap(race, driver):
    r = race(start="line", reward=Always())
    while not r.done[0]:
        r.step(driver(r))
    info = episode_info(r, 0)
    actions = info["steps"]
    assert info["status"] == "lap_complete"
    assert info["progress_pct"] == 100.0
    assert info["return"] == 2.5 * actions
    # officially a lap's time includes the frame in which the car is held still
    assert info["lap_time_s"] == info["time_s"] == pytest.approx((actions + 1) / 15)


def test_episode_info_of_a_fault_has_no_lap_time(race):
    r = race(start="line")
    while not r.done[0]:
        r.step(np.array([[1.0, 0.0]], np.float32))
    info = episode_info(r, 0)
    assert info["status"] == "off_track"
    assert "lap_time_s" not in info


@pytest.mark.parametrize("n", [1, 65536])
def test_one_car_or_sixty_five_thousand(race, n):
    r = race(n)
    action = np.tile(np.array([[0.1, 0.0]], np.float32), (n, 1))
    for _ in range(3):
        r.step(action)
    assert np.isfinite(r.obs).all()
    # every twentieth car starts at the same place and does the same
    assert (r.cars["x"][::20] == r.cars["x"][0]).all()


def test_make_race_takes_names(driver):
    config = RaceConfig(
        track="bean", reward="center_line", vehicle="deepracer_v4", rules=Rules(max_steps=20)
    )
    r = make_race(config, 3, seed=2)
    try:
        r.reset()
        for _ in range(20):
            r.step(driver(r))
        assert r.truncated.all()
        assert set(np.unique(r.rewards)) <= {0.1, 1.0}
    finally:
        r.reward.close()


def test_continuous_scales_to_its_ranges(race):
    r = race(3, actions=Continuous((-20.0, 10.0), (0.5, 2.5)))
    r.step(np.array([[-1, -1], [0, 0], [1, 1]], np.float32))
    assert r.commands.tolist() == [[-20.0, 0.5], [-5.0, 1.5], [10.0, 2.5]]
