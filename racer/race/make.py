"""From a RaceConfig, which names files, to a Race."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

import racer.actions
from racer import observations, vehicles
from racer.config import CameraConfig, Others, RaceConfig, given
from racer.errors import BadConfig, ResourceError, UsageError
from racer.process import limits, memory
from racer.race import drivers
from racer.race.race import Race
from racer.race.roads import spread
from racer.reward import RewardEngine, load, make_engine
from racer.reward.function import FunctionEngine, RewardFunction, name_of
from racer.reward.pack import PackEngine
from racer.sim import precompile
from racer.sim.frustum import LENS, STEREO_ASIDE, Lens
from racer.sim.types import CAR, PARAMS
from racer.tracks import Track, packs
from racer.tracks.packs import Pack

ELSEWHERE = ("compiled", "worker")  # engines that a Python function cannot have


def track_of(config: RaceConfig) -> Track:
    """The track that `config` names, numbered as it asks; of several, the first."""
    return pack_of(config).tracks[0]


def pack_of(config: RaceConfig) -> Pack:
    """Every track that `config` names, numbered as it asks, and what was left out.

    Raises:
        UnknownName, BadTrack, BadConfig: as Track.load and packs.load.
    """
    if config.tracks is None:
        pack = Pack((Track.load(config.track),), ())
    else:
        pack = packs.load(config.tracks)
    if not config.drop_duplicate_waypoints:
        return pack
    tracks = tuple(packs.shared(one.without_duplicates()) for one in pack.tracks)
    return Pack(tracks, pack.left_out)


OFFICIAL = "sensors"  # the observation that the action space's model_metadata.json names
_OFFICIAL_PICTURE: dict[str, Any] = {"width": 160, "height": 120, "color": "grey"}


def seen(config: RaceConfig) -> RaceConfig:
    """The same race; `sensors` in its observation becomes those that the action space names.

    Raises:
        BadActions: it names none, or one that is not official.
        BadConfig: a picture of another size, or in colour, is asked for.
        UsageError: an official name in place of ours.
    """
    names = config.observation.split("+")
    for name in names:
        ours = racer.actions.SENSORS.get(name)
        if ours is not None and name not in observations.names():
            raise UsageError(
                f"{name} is the official name of the observation {ours}: use {ours}, or {OFFICIAL} "
                "for what the action space's model_metadata.json names."
            )
    if OFFICIAL not in names:
        return config
    named = racer.actions.equipment(config.actions)
    lidar: Any = named.lidar
    expanded = [named.observation if name == OFFICIAL else name for name in names]
    return dataclasses.replace(
        config,
        observation="+".join(dict.fromkeys("+".join(expanded).split("+"))),
        camera=_official(config.camera, named.camera),
        lidar=dataclasses.replace(config.lidar, **lidar),
    )


def _official(camera: CameraConfig, place: dict[str, float]) -> CameraConfig:
    for name, value in _OFFICIAL_PICTURE.items():
        asked = getattr(camera, name)
        if asked not in (value, getattr(CameraConfig(), name)):
            raise BadConfig(
                f"race.camera.{name} = {asked!r}; the observation {OFFICIAL} has the official "
                f"simulator's, {value!r}. Leave it out, or choose the observation by its name."
            )
    usual = CameraConfig()
    unset = {n: v for n, v in place.items() if getattr(camera, n) == getattr(usual, n)}
    return dataclasses.replace(camera, **_OFFICIAL_PICTURE | unset)


def _lens(config: RaceConfig) -> Lens:
    """Of object_in_camera: that of the official car which the action space is for."""
    place = racer.actions.camera(config.actions)
    lens = Lens(place["forward_m"], place["up_m"]) if place else LENS
    stereo = "stereo" in config.observation.split("+")
    return lens._replace(aside=STEREO_ASIDE) if stereo else lens


def on(config: RaceConfig, track: Track) -> RaceConfig:
    """The same race on one of its tracks alone."""
    return dataclasses.replace(config, track=track.source or track.name, tracks=None)


def check(config: RaceConfig) -> None:
    """Refuse a race that names what is not there, or cannot be used, before anything long begins.

    Packs of tracks are left out: making and reading one may itself be long.

    Raises:
        UnknownName, BadTrack, BadActions, BadReward, BadInput: a name or file of no use.
    """
    config = seen(config)
    vehicle = vehicles.load(config.vehicle)
    racer.actions.load(config.actions)
    observations.make(config.observation, vehicle, config.sensors, among=config.others.count > 0)
    if config.tracks is None:
        Track.load(config.track)
    load(config.reward)


def _cars(n: Any) -> int:
    """A number of cars that there is room for."""
    count: int = given.whole("num_envs", n, 1)
    needed = float(count) * (CAR.itemsize + PARAMS.itemsize)
    if needed > memory.free():
        raise ResourceError(
            f"{count:,} cars need {memory.readable(needed)} of memory and "
            f"{memory.readable(memory.free())} is free. Use fewer cars."
        )
    return count


def make_race(
    config: RaceConfig,
    n: int = 1,
    *,
    seed: int = 0,
    with_reward: bool = True,
    all_params: bool = False,
    tracks: Sequence[Track] | None = None,
    reward: RewardFunction | None = None,
) -> Race:
    """The race that `config` names.

    Args:
        config: names of files.
        n: cars.
        seed: of the first car.
        with_reward: False scores nothing.
        all_params: fill every params key, also those the reward does not read.
        tracks: to spread the cars over, in place of those that `config` names.
        reward: a function of params in place of the file that `config` names. It is called as it
            is, in this process, unguarded; all cars share it and what it remembers.

    Raises:
        UnknownName, BadTrack, BadActions, BadReward: a name or file that cannot be used.
        BadConfig: a wrong type, fewer cars than tracks, or a function where rewards have to run
            elsewhere.
        ResourceError: more cars than the memory has room for.
    """
    given.of_type("config", config, RaceConfig, "a RaceConfig, e.g. RaceConfig(track='bean')")
    given.function(reward)
    n, seed = _cars(n), given.whole("seed", seed, 0)
    config = seen(config)
    vehicle = vehicles.load(config.vehicle)
    actions = racer.actions.load(config.actions)
    precompile.start(int(vehicle["model"][0]), limits.cores())
    roads = list(pack_of(config).tracks if tracks is None else tracks)
    _check_enough(n, len(roads), config.others.in_world)
    engine = _rewards(config, roads, n, seed, reward) if with_reward else None
    return Race(
        roads,
        n,
        vehicle=vehicle,
        actions=actions,
        observation=config.observation,
        sensors=config.sensors,
        reward=engine,
        rules=config.rules,
        others=config.others,
        varied="physics" in config.varied,
        lens=_lens(config),
        seed=seed,
        all_params=all_params,
    )


def _check_enough(n: int, tracks: int, each: int) -> None:
    """Whether `n` cars, `each` so many in a world, leave a world for every track."""
    cars = f"{n} car{'s' if n > 1 else ''}"
    if 0 < n < tracks:
        raise BadConfig(
            f"{cars} cannot race on {tracks} tracks: each needs one. "
            f"Try train.num_envs={8 * tracks}, or fewer tracks."
        )
    if n % each:
        raise BadConfig(
            f"{cars} cannot race in worlds of {each}: give a multiple. "
            f"Try train.num_envs={max(1, n // each) * each}."
        )
    if 0 < n // each < tracks:
        raise BadConfig(
            f"{cars} in worlds of {each} cannot race on {tracks} tracks: each needs a world. "
            f"Try train.num_envs={8 * each * tracks}, or fewer tracks."
        )


def _rewards(
    config: RaceConfig,
    tracks: list[Track],
    n: int,
    seed: int,
    function: RewardFunction | None,
) -> RewardEngine:
    if function is not None and (config.sandbox == "strict" or config.reward_engine in ELSEWHERE):
        name = name_of(function)
        raise BadConfig(
            f"the reward {name} is Python, and a function runs in this process; the settings ask "
            f"for reward_engine {config.reward_engine}, sandbox {config.sandbox}. Leave both at "
            "auto, or write it into a reward file."
        )
    each = config.others.in_world
    worlds = np.bincount(spread(n // each, len(tracks)), minlength=len(tracks))
    counts = (worlds * each).tolist()
    engines: list[RewardEngine] = []
    try:
        for track, cars in zip(tracks, counts, strict=True):
            first = seed + sum(counts[: len(engines)])
            made = (
                FunctionEngine(function, n=cars, waypoints=track.waypoints)
                if function is not None
                else _reward(config, track, cars, first)
            )
            engines.append(made)
    except BaseException:
        for engine in engines:
            engine.close()
        raise
    return engines[0] if len(engines) == 1 else PackEngine(engines, counts)


def _reward(config: RaceConfig, track: Track, n: int, seed: int) -> RewardEngine:
    vehicle, actions = vehicles.load(config.vehicle), racer.actions.load(config.actions)
    return make_engine(
        config.reward,
        n=n,
        waypoints=track.waypoints,
        engine=config.reward_engine,
        sandbox=config.sandbox,
        seed=seed,
        sample_rows=lambda: drivers.sample(scripted(config, track)),
        sample_of=drivers.definition(
            track.center, track.inner, track.outer, vehicle, actions, config.rules, config.others
        ),
        objects=config.others.count,
    )


def scripted(config: RaceConfig, track: Track) -> Race:
    """A race of the scripted drivers, whose params a compiled reward must score like Python."""
    return Race(
        track,
        len(drivers.DRIVERS),
        vehicle=vehicles.load(config.vehicle),
        actions=racer.actions.load(config.actions),
        rules=config.rules,
        others=alone(config.others),
        all_params=True,
    )


def alone(others: Others) -> Others:
    """The same road for one car, driven alone, whose params have as many objects around it.

    Other learners become boxes: how the scripted drivers meet them proves as much.
    """
    if others.in_world == 1:
        return others
    boxes = others.boxes + others.in_world - 1
    race = "object_avoidance" if others.rivals else others.race
    return dataclasses.replace(
        others, race=race, cars=1, obstacles=boxes, obstacle_positions="", opponents=""
    )
