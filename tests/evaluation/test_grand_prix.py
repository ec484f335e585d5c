"""A race of trained cars in one world: its standings, its rules, and the same bytes every time."""

import dataclasses
import json
import re

import numpy as np
import pytest
from made_runs import cruising, made_run, random_policy

from racer import cli
from racer.config import Others, RaceConfig, Rules
from racer.errors import BadConfig, BadRun
from racer.evaluation.entrants import Entrant, grid_of, named_once, shared_race
from racer.evaluation.grand_prix import GrandPrix
from racer.evaluation.standings import DRIVING, FINISHED, OUT, Standings
from racer.policy import Policy
from racer.recording.trace import Trace
from racer.render import racers, scene, video, viewer
from racer.tracks import Track

LENGTH, CAR = 10.0, 0.3  # m


def lane(speed, left):
    """A policy that keeps to one side of the road."""
    policy = cruising(speed)
    policy.weights["mlp_extractor.policy_net.0.bias"][0] = 0.01 * left
    return Policy(policy.network, policy.weights)


def three():
    """The slowest in front: another passes it in the other lane, the third drives into it."""
    config = RaceConfig(track="oval")
    drivers = {"slow": lane(-0.6, -0.2), "fast": lane(-0.1, 0.2), "rash": lane(0.0, -0.2)}
    return [Entrant(name, driver, config) for name, driver in drivers.items()]


def raced(entrants, laps=1, **options):
    road = Track.load("oval")
    prix = GrandPrix(entrants, shared_race(entrants, "oval", road), road, laps, **options)
    for _ in prix.drive():
        pass
    return prix


@pytest.fixture(scope="module")
def prix():
    return raced(three(), laps=2)


def standings(*places, laps=2):
    return Standings(np.array(places, float), LENGTH, laps, CAR)


def kinds(found):
    return [event.kind for event in found.events]


def test_who_leads_by_a_car_has_passed_once():
    made, nobody = standings(1.0, 0.0), np.zeros(2, bool)
    for ahead in (0.9, 1.1, 0.9, 1.1, 1.4, 1.2, 1.5):  # side by side, then past
        made.move(1.0, np.array([1.0, ahead]), nobody)
    (passed,) = made.events
    assert (passed.kind, passed.car, passed.other, passed.position) == ("overtake", 1, 0, 1)
    assert (passed.lap, passed.progress_pct) == (1, pytest.approx(14.0))
    made.move(2.0, np.array([2.0, 1.5]), nobody)  # and back
    assert [event.car for event in made.events] == [1, 0]


def test_a_car_that_waits_is_passed_but_not_overtaken():
    made = standings(1.0, 0.0)
    made.move(1.0, np.array([1.0, 2.0]), np.array([True, False]))
    assert made.events[0].held
    assert "passes the waiting" in made.events[0].words(["a", "b"])


def test_gaps_are_taken_at_the_line_and_the_winner_ends_the_race():
    made = standings(1.0, 0.0, -1.0)
    made.cross([(5.5, 1), (5.25, 0)])  # both in one step
    made.cross([(10.0, 0)])
    made.move(10.0, np.array([20.0, 19.0, 9.0]), np.zeros(3, bool))
    made.cross([(10.5, 2)])  # a lap down: it finishes its lap
    made.cross([(11.0, 1)])
    assert [(e.car, e.lap, e.gap_s) for e in made.events] == [
        (0, 1, 0.0),
        (1, 1, 0.25),
        (0, 2, 0.0),
        (2, 1, 5.25),
        (1, 2, 1.0),
    ]
    assert made.status == [FINISHED] * 3
    assert made.order() == [0, 1, 2]
    assert [e.lap_s for e in made.events if e.car == 1] == [5.5, 5.5]


def test_who_is_out_comes_last():
    made = standings(9.0, 0.0)
    made.retire(1.0, 0)
    assert made.order() == [1, 0]
    assert made.status == [OUT, DRIVING]


def test_a_race_from_grid_to_flag(prix):
    result = prix.result()
    assert result.grid == ("slow", "fast", "rash")
    assert {one.status for one in result.placed} == {FINISHED}
    assert result.placed[0].name == "fast"
    assert result.placed[0].overtakes >= 1
    overtakes = [e for e in result.events if e.kind == "overtake" and not e.held]
    assert ("fast", "slow") in [(prix.names[e.car], prix.names[e.other]) for e in overtakes]
    crash = next(e for e in result.events if e.kind == "crash")
    assert (prix.names[crash.car], prix.names[crash.other]) == ("rash", "slow")
    times = [one.time_s for one in result.placed if one.laps == result.laps]
    assert times == sorted(times)
    gaps = [one.gap_s for one in result.placed if not one.laps_behind]
    assert gaps == pytest.approx([time - times[0] for time in times])
    assert [row.split()[1] for row in result.table().splitlines()[1:]] == [
        one.name for one in result.placed
    ]


def test_a_car_at_fault_waits_and_the_others_drive_on(prix):
    crash = next(e for e in prix.standings.events if e.kind == "crash")
    rows = prix.trace().rows
    own = rows[rows["car"] == crash.car]
    since = own["time"] - crash.time_s
    held = own[(since > 0.03) & (since < 4.97)]
    assert len(held) >= 73  # 5 s at 15 Hz
    assert (held["v"] == 0.0).all()
    assert np.ptp(held["x"]) == 0.0
    hit = rows[rows["car"] == crash.other]
    assert np.ptp(hit["x"][(hit["time"] > crash.time_s) & (hit["time"] < crash.time_s + 4)]) > 0.5


def test_the_same_race_has_the_same_bytes(prix, tmp_path):
    again = raced(three(), laps=2)
    first, second = (json.dumps(one.result().to_json()) for one in (prix, again))
    assert first == second
    for name, one in (("a", prix), ("b", again)):
        one.trace().save(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_recorded_race_shows_all_its_cars_until_the_last(prix, tmp_path):
    prix.trace().save(tmp_path / "race.npz")
    trace = Trace.load(tmp_path / "race.npz")
    film = video.Film(trace)
    assert film.racers.names == ("slow", "fast", "rash")
    assert film.count(0) == max(np.bincount(trace.rows["car"]))
    assert len(film.reel) == 1
    last = film.count(0) - 1
    assert film.racers.order(last * trace.dt)[0] == 1
    picture = video.frame(trace, 30)
    for car in range(3):  # each in its colour, in the picture and in the panel
        assert (picture == racers.RACERS[car]).all(axis=2).sum() > 20


def test_names_of_cars_that_are_close_do_not_cover_each_other():
    beside = np.array([[0.0, 50.0], [10.0, 45.0], [20.0, 48.0], [300.0, 49.0], [5.0, 20.0]])
    widths = np.full(5, 40.0)
    found = racers.apart(beside, widths)
    for i in range(5):
        for j in range(i):
            covered = np.abs(found[i] - found[j]) < [40.0, racers.LABEL_HIGH]
            assert not covered.all(), (i, j)
    assert (found[:, 0] == beside[:, 0]).all()
    assert (found[[0, 3]] == beside[[0, 3]]).all()  # the lowest stays, and who is far away
    assert len(racers.apart(np.zeros((0, 2)), np.zeros(0))) == 0  # all have finished


def test_keys_follow_another_car_of_a_race_at_the_same_moment(prix):
    shown = viewer.Viewer(prix.trace())
    shown.advance(0.2)
    at = shown.state.at
    assert at > 0.0
    shown.state = shown.key(ord("n"), "n")
    assert (shown.state.part, shown.state.at) == (1, at)
    shown.state = shown.state._replace(at=1e9)
    shown.advance(0.1)
    assert shown.state.part == 1  # the race is over; it does not begin again with the next car
    assert shown.state.paused


def test_a_recording_that_lies_about_its_race_shows_its_laps(prix):
    trace = prix.trace()
    race = trace.meta["race"] | {"order": [{"time_s": 0.0, "cars": [0, 1, 7]}]}
    assert racers.racers_of(dataclasses.replace(trace, meta={"race": race})) is None


def test_each_car_sees_and_acts_as_it_was_trained(prix):
    multi = RaceConfig(track="oval", others=Others(race="multi", cars=2))
    choices = RaceConfig(track="oval", actions="discrete")
    sees = random_policy(inputs=prix.race.observation_space.shape[0])
    discrete = random_policy(choices=6)
    mixed = [
        Entrant("sees", sees, multi),
        Entrant("alone", lane(-0.6, 0.0), RaceConfig()),
        Entrant("chooses", discrete, choices),
    ]
    assert [one.sees_others for one in mixed] == [True, False, False]
    driven = raced(mixed, recording=False)
    assert not driven.standings.driving.any()


def test_a_run_that_sees_by_its_official_sensors_races_too(tmp_path):
    car = tmp_path / "car.json"
    ranges = {name: {"low": 0.5, "high": 1.0} for name in ("speed", "steering_angle")}
    car.write_text(json.dumps({"action_space": ranges, "sensor": ["SECTOR_LIDAR"], "version": "4"}))
    config = RaceConfig(track="oval", actions=str(car), observation="sensors")
    pair = [Entrant("sensors", random_policy(inputs=8), config), three()[0]]
    road = Track.load("oval")
    prix = GrandPrix(pair, shared_race(pair, "oval", road), road, 1, recording=False)
    next(prix.drive())
    assert prix.race.commands[0, 1] <= 1.0


def test_a_policy_that_does_not_fit_its_own_run_is_refused():
    multi = RaceConfig(track="oval", others=Others(race="multi", cars=2))
    blind = [Entrant("blind", cruising(0.0), multi), Entrant("b", cruising(0.0), RaceConfig())]
    with pytest.raises(BadRun, match=r"blind cannot race: the policy was trained to see 21"):
        raced(blind)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"vehicle": "f1tenth"}, "a drives the vehicle deepracer and b f1tenth"),
        ({"rules": Rules(control_hz=30.0)}, r"control_hz = 15\.0 and b with 30\.0"),
    ],
)
def test_cars_that_cannot_share_a_road_are_refused(changed, words):
    config = RaceConfig()
    pair = [
        Entrant("a", cruising(0.0), config),
        Entrant("b", cruising(0.0), dataclasses.replace(config, **changed)),
    ]
    with pytest.raises(BadConfig, match=words):
        shared_race(pair, "oval", Track.load("oval"))


def test_more_cars_than_the_grid_holds_are_refused():
    many = [Entrant(str(k), cruising(0.0), RaceConfig()) for k in range(17)]
    with pytest.raises(BadConfig, match=r"17 cars do not fit .* at most 16"):
        shared_race(many, "oval", Track.load("oval"))


def test_a_race_among_boxes_and_bots_names_what_was_hit():
    around = {"obstacles": 1, "bots": 1, "bot_speed": "0.5"}
    road = Track.load("oval")
    config = shared_race(three(), "oval", road, around)
    prix = GrandPrix(three(), config, road, 1)
    assert prix.everyone == ("slow", "fast", "rash", "box 1", "bot 1")
    for _ in prix.drive():
        pass
    about = prix.result().to_json()
    hit = [crash["hit"] for crash in about["crashes"]]
    assert "box 1" in hit
    assert set(hit) <= set(prix.everyone)
    assert hit.count("box 1") <= 3 * 3  # mercy: at the third fault in a row a car passes it
    assert {one["status"] for one in about["result"]} == {"finished"}
    picture = video.frame(prix.trace(), 5)  # nobody has hit it yet
    assert (picture == scene.CARDBOARD).all(axis=2).sum() > 20


def test_boxes_stand_before_the_grid_and_are_refused_on_it():
    road = Track.load("oval")
    config = shared_race(three(), "oval", road, {"obstacles": 5})
    prix = GrandPrix(three(), config, road, 1, recording=False)
    boxes = prix.race.objects["start_s"][0, 3:]
    assert boxes[-1] == pytest.approx(road.length - 1.0 - 2 * 0.75)
    with pytest.raises(BadConfig, match=r"an obstacle at 0\.95 .* stands on the grid of oval"):
        shared_race(three(), "oval", road, {"obstacle_positions": "0.95,inner"})


def test_a_seed_draws_the_grid():
    entrants = three()
    assert grid_of(entrants, None) == entrants
    assert grid_of(entrants, 4) == grid_of(entrants, 4)
    assert len({tuple(e.name for e in grid_of(entrants, seed)) for seed in range(20)}) > 3


def test_a_run_may_race_itself():
    assert named_once(["a", "b", "a"]) == ["a", "b", "a (2)"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("races") / "runs"
    for name, policy in {"one": lane(-0.4, -0.2), "two": lane(0.0, 0.25)}.items():
        made_run(folder, policy, name=name)
    return folder


def test_the_command_writes_what_it_says(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = sorted(path.name for path in runs.iterdir())
    words = ["race", *names, "--runs-dir", str(runs), "--laps", "1", "--no-window"]
    assert cli.main([*words, "--json", "race.json", "--out", "race.npz"]) == 0
    out = capsys.readouterr()
    assert out.out.splitlines()[0].startswith("place  name")
    assert "grid 1: one, sees no other cars" in out.err
    assert "completes lap 1" in out.err
    found = json.loads((tmp_path / "race.json").read_text())
    assert found["runs"] == dict(zip(["one", "two"], names, strict=True))
    assert [row["place"] for row in found["result"]] == [1, 2]
    assert Trace.load(tmp_path / "race.npz").meta["race"]["laps"] == 1
    drawn = []
    for grid in ([], ["--grid"]):  # of seed 3 the second run is in front, but not with --grid
        assert cli.main([*words, "--seed", "3", *grid, "--json", "-"]) == 0
        out = capsys.readouterr()
        (front,) = re.findall(r"grid 1: (\w+)", out.err)
        drawn.append(front)
    assert drawn == ["two", "one"]
    assert json.loads(out.out)["result"] == found["result"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a"], "1 run, but a race has at least 2 cars"),
        (["a", "a", "--track", "ovl"], "no track 'ovl'. Did you mean 'oval'?"),
        (["a", "a", "--laps", "0"], "--laps 0; allowed is 1 to 1000"),
        (["a", "nobody"], "no run 'nobody'"),
    ],
)
def test_bad_input_is_one_sentence(words, said, runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = min(path.name for path in runs.iterdir())
    words = [name if word == "a" else word for word in words]
    assert cli.main(["race", *words, "--runs-dir", str(runs), "--no-window"]) in (2, 3, 4)
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
