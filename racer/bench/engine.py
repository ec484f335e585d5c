"""Speed of the engine: by cars, reward engine, waypoints, door; of start-up; of peers."""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gymnasium
import numpy as np

import racer.actions
from racer import vehicles
from racer.bench.measure import Job, Plan
from racer.config import CameraConfig, Others, RaceConfig
from racer.errors import UsageError
from racer.race import Race, make_race, track_of
from racer.reward import RewardEngine
from racer.tracks import Track
from racer.tracks.track import BUILTIN

SIZES = (1, 16, 64, 256, 1024, 4096, 16384)
REWARD_SIZES = (256, 1024)
DOOR_SIZE = 1024
ROADS = ((20, 20.0), (100, 20.0), (400, 60.0))  # waypoints and m, as real tracks have them
ROAD_SIZE = 1024
PACK, PACK_SIZE = 30, 256  # random circuits that cars are spread over, and cars
AMONG_SIZE = 256  # cars
AMONG = {  # what is on the road; random actions crash soon, so placing it counts too
    "6 boxes": Others(race="object_avoidance", obstacles=6, randomize_obstacles=True),
    "4 bots": Others(race="head_to_bot", bots=4, bot_speed="0.5..1.5", lane_changes=True),
    "8 learners in a world": Others(race="multi", cars=8),
}
CROWDED = {  # the same cars on a long road, with few and with many objects far from them
    "8 learners on grand_prix": Others(race="multi", cars=8),
    "8 learners and 50 boxes on it": Others(
        race="multi", cars=8, obstacles=50, obstacle_gap_m=0.25
    ),
}
SENSOR_SIZE = 64  # cars
SENSORS = {  # what is measured → observation, camera
    "camera, 80 x 60 grey": ("camera", CameraConfig()),
    "camera, 160 x 120 grey": ("camera", CameraConfig(width=160, height=120)),
    "camera, 160 x 120 RGB": ("camera", CameraConfig(width=160, height=120, color="rgb")),
    "lidar, 64 beams": ("lidar", CameraConfig()),
}
PEERS = {  # name → package, Gymnasium id
    "carracing": ("Box2D", "CarRacing-v3"),
    "highway": ("highway_env", "racetrack-v0"),
}
STARTS = {  # what a user waits for → Python that does it and ends
    "racer --help": ["-m", "racer", "--help"],
    "import to the first step of RacerEnv": [
        "-c",
        "from racer.envs.env import RacerEnv; e = RacerEnv(); e.reset(seed=0); "
        "e.step(e.action_space.sample())",
    ],
    "import to the first step of a training": [
        "-c",
        "import numpy as np\n"
        "from racer.training import algorithms\n"
        "from racer.config import RaceConfig, TrainConfig\n"
        "from racer.race import make_race\n"
        "from racer.envs.sb3 import RacerVecEnv\n"
        "config = TrainConfig(num_envs=16)\n"
        "env = RacerVecEnv(make_race(RaceConfig(), 16))\n"
        "model = algorithms.build(config, env)\n"
        "env.step(model.predict(env.reset())[0])",
    ],
}


def race_of(config: RaceConfig, n: int, engine: str = "compiled") -> Race:
    """A race of `n` cars scored by one reward engine, at its first observation."""
    config = dataclasses.replace(config, reward_engine=engine)
    if engine == "compiled":
        race = _with_reward(config, n, _compiled(config), track_of(config))
    else:
        race = make_race(config, n)
    race.reset()
    return race


@functools.lru_cache(maxsize=1)
def _compiled(config: RaceConfig) -> RewardEngine:
    """Proven equal to Python once, for races of any size that follow each other."""
    engine = make_race(config, config.others.in_world).reward
    assert engine is not None
    return engine


def _with_reward(config: RaceConfig, n: int, engine: RewardEngine, track: Track) -> Race:
    return Race(
        track,
        n,
        vehicle=vehicles.load(config.vehicle),
        actions=racer.actions.load(config.actions),
        observation=config.observation,
        reward=engine,
        rules=config.rules,
        others=config.others,
    )


def actions_for(space: Any, n: int) -> np.ndarray:
    """Random actions sampled before the clock starts: (k, n, ...), k steps' worth."""
    k = max(8, min(1024, 65536 // n))
    rng = np.random.default_rng(0)
    if hasattr(space, "n"):
        return rng.integers(space.n, size=(k, n))
    return rng.uniform(space.low, space.high, (k, n, *space.shape)).astype(np.float32)


def drive(race: Race) -> Callable[[int], None]:
    """A call that does k control steps of a race, cars that are done start again."""
    actions = actions_for(race.actions.space, race.n)

    def advance(k: int) -> None:
        for i in range(k):
            race.step(actions[i % len(actions)])
            if race.done_count:
                race.reset(race.done)

    return advance


def sizes(config: RaceConfig) -> list[Job]:
    """The race itself, compiled reward, by number of cars."""
    return [Job("Race, compiled reward", n, drive(race_of(config, n))) for n in SIZES]


def rewards(config: RaceConfig) -> list[Job]:
    """The race with each engine that can compute its reward."""
    jobs = []
    for engine in ("compiled", "worker", "inprocess"):
        for n in REWARD_SIZES:
            race = race_of(config, n, engine)
            close = functools.partial(_close, race)
            jobs.append(Job(f"Race, {engine} reward", n, drive(race), close))
    return jobs


def ring(waypoints: int, length: float) -> Track:
    """A circular road, `length` m round and 1 m wide, of so many waypoints."""
    angle = np.linspace(0.0, 2.0 * math.pi, waypoints)
    angle[-1] = 0.0  # the last point is the first one, to the bit
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    radius = 0.5 * length / math.pi
    center, inner, outer = (r * circle for r in (radius, radius - 0.5, radius + 0.5))
    return Track(f"ring_{waypoints}", center, inner, outer)


def roads(config: RaceConfig) -> list[Job]:
    """On roads of few and of many waypoints, with others on the road, on many roads at once."""
    jobs = []
    for waypoints, length in ROADS:
        race = _with_reward(config, ROAD_SIZE, _compiled(config), ring(waypoints, length))
        race.reset()
        jobs.append(Job(f"Race, {waypoints} waypoints on {length:.0f} m", ROAD_SIZE, drive(race)))
    for what, others in AMONG.items():
        race = race_of(dataclasses.replace(config, others=others), AMONG_SIZE)
        jobs.append(Job(f"Race, {what}", AMONG_SIZE, drive(race)))
    for what, others in CROWDED.items():
        crowded = dataclasses.replace(config, track=str(BUILTIN / "grand_prix.txt"), others=others)
        jobs.append(Job(f"Race, {what}", AMONG_SIZE, drive(race_of(crowded, AMONG_SIZE))))
    for count in (1, PACK):  # measured in turns
        several = dataclasses.replace(config, tracks=f"generated:{count}", reward_engine="compiled")
        race = make_race(several, PACK_SIZE)
        race.reset()
        what = "1 random circuit" if count == 1 else f"{count} random circuits"
        jobs.append(Job(f"Race, {what}", PACK_SIZE, drive(race)))
    return jobs


def sensors(config: RaceConfig) -> list[Job]:
    """Pictures and scans alone, of cars that stand around the track; a step is one of each car."""
    jobs = []
    for what, (name, camera) in SENSORS.items():
        seen = dataclasses.replace(config, observation=name, camera=camera)
        race = make_race(seen, SENSOR_SIZE, with_reward=False, tracks=[track_of(config)])
        race.reset()

        def look(k: int, race: Race = race) -> None:
            for _ in range(k):
                race.refresh()

        jobs.append(Job(what, SENSOR_SIZE, look))
    return jobs


def doors(config: RaceConfig) -> list[Job]:
    """Through the interfaces of Gymnasium and Stable-Baselines3."""
    from racer.envs.env import RacerEnv
    from racer.envs.sb3 import RacerVecEnv
    from racer.envs.vector_env import RacerVectorEnv

    arguments = {
        name: getattr(config, name)
        for name in ("track", "reward", "vehicle", "actions", "observation")
    } | {"reward_engine": "compiled"}
    vector = RacerVectorEnv(DOOR_SIZE, **arguments)
    vector.reset(seed=0)
    actions = actions_for(vector.single_action_space, DOOR_SIZE)

    def advance(k: int) -> None:
        for i in range(k):
            vector.step(actions[i % len(actions)])

    env = RacerVecEnv(race_of(config, DOOR_SIZE))
    env.reset()

    def advance_sb3(k: int) -> None:
        for i in range(k):
            env.step(actions[i % len(actions)])
        env.take_finished()

    single = RacerEnv(**arguments)
    return [
        Job("RacerEnv (Gymnasium)", 1, _one_by_one(single), single.close),
        Job("RacerVectorEnv (Gymnasium)", DOOR_SIZE, advance, vector.close),
        Job("RacerVecEnv (SB3)", DOOR_SIZE, advance_sb3, env.close),
    ]


def _one_by_one(env: Any) -> Callable[[int], None]:
    space = env.action_space
    discrete = hasattr(space, "n")
    actions = [int(a[0]) if discrete else a[0] for a in actions_for(space, 1)]
    env.reset(seed=0)

    def advance(k: int) -> None:
        for i in range(k):
            _, _, terminated, truncated, _ = env.step(actions[i % len(actions)])
            if terminated or truncated:
                env.reset()

    return advance


def planned_s(plan: Plan, peers: int) -> float:
    """About how long everything here takes, s; a process some 2 s to start, 20 with compiling."""
    jobs = (
        len(SIZES)
        + 3 * len(REWARD_SIZES)
        + len(ROADS)
        + len(AMONG)
        + len(CROWDED)
        + len(SENSORS)
        + 2
        + 3
        + peers
    )
    turns = (plan.repetitions + 1) * plan.target_s
    return jobs * turns + 2.0 * plan.starts * len(STARTS) + 20.0 * plan.cold


def check_peers(names: Sequence[str]) -> None:
    """Refuse a peer nobody knows, before anything is measured.

    Raises:
        UsageError: names those there are.
    """
    for name in names:
        if name not in PEERS:
            raise UsageError(f"--against {name}: no such peer; choose from {', '.join(PEERS)}.")


def peers(names: Sequence[str], notes: list[str]) -> list[Job]:
    """Other racing environments on the same core; what to install for missing ones in `notes`."""
    jobs = []
    for name in names:
        package, env_id = PEERS[name]
        try:
            __import__(package)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # newer versions, other people's checks
                env = gymnasium.make(env_id, disable_env_checker=True)
        except (ImportError, gymnasium.error.Error) as error:
            notes.append(f"{name} was not measured ({error}): pip install 'racer[bench]'")
            continue
        jobs.append(Job(env_id, 1, _one_by_one(env), env.close))
    return jobs


def bytes_per_car(config: RaceConfig, n: int = 1024) -> int:
    """Bytes of every buffer of a race that has a row per car."""
    race = race_of(config, n)
    buffers = [a for a in vars(race).values() if isinstance(a, np.ndarray) and len(a) == n]
    _close(race)
    return sum(a.nbytes for a in buffers) // n


def starts(plan: Plan) -> Iterator[tuple[str, list[float]]]:
    """What a user waits for, and the seconds from starting Python until it ends."""
    for name, words in STARTS.items():
        yield name, [_start(words) for _ in range(plan.starts)]
    if plan.cold:
        name = "import to the first step of RacerEnv"
        with tempfile.TemporaryDirectory(prefix="racer-cold-") as folder:
            cold = _start(STARTS[name], RACER_CACHE=folder, NUMBA_CACHE_DIR=folder)
        yield f"{name}, nothing compiled yet", [cold]


def _start(words: list[str], **more: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *words],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", **more},
    )
    return time.perf_counter() - began


def start_cells(name: str, seconds: list[float]) -> list[str]:
    """A start-up row's line of a table."""
    median = statistics.median(seconds)
    return [name, f"{median:.2f}", f"{min(seconds):.2f}..{max(seconds):.2f}"]


def _close(race: Race) -> None:
    if race.reward is not None:
        race.reward.close()
