"""Read a `model_metadata.json`, the official file that names an action space."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer import registry
from racer.actions.spaces import Actions, Continuous, Discrete
from racer.errors import BadActions, reason
from racer.storage import files

FOLDER = Path(__file__).parent / "data"
SPEED_LIMIT = 12.0  # m/s, well above any DeepRacer; catches km/h and nonsense
STEER_LIMIT = 90.0  # deg
MOST = 256  # choices, which is what a policy file may have
_BYTES_MAX = 2**20


def load(name: str | Path) -> Actions:
    """Read an action space: a name, or a path to a model_metadata.json.

    Raises:
        UnknownName: neither a file nor a known name.
        BadActions: not a model_metadata.json, or one outside what a car can do; says where.
    """
    metadata, source = read(name)
    return parse(metadata, source)


def algorithm(name: str | Path) -> str:
    """The algorithm that an action space asks for: ppo, sac, or empty when it does not say.

    Raises:
        UnknownName, BadActions: as `load`.
    """
    metadata, _ = read(name)
    named = metadata.get("training_algorithm") if isinstance(metadata, dict) else None
    return {"sac": "sac", "clipped_ppo": "ppo"}.get(str(named), "")


SENSORS = {  # official name → the observation that is the same
    "observation": "camera",
    "FRONT_FACING_CAMERA": "camera",
    "LEFT_CAMERA": "camera",
    "STEREO_CAMERAS": "stereo",
    "LIDAR": "lidar",
    "SECTOR_LIDAR": "sector_lidar",
    "DISCRETIZED_SECTOR_LIDAR": "discretized_lidar",
}
NETWORKS = (
    "DEEP_CONVOLUTIONAL_NETWORK_SHALLOW",
    "DEEP_CONVOLUTIONAL_NETWORK",
    "DEEP_CONVOLUTIONAL_NETWORK_DEEP",
)
_LIDAR = {  # key of a lidar_config → setting
    "num_sectors": "discretized_sectors",
    "num_values_per_sector": "values",
    "clipping_dist": "discretized_clip_m",
}
_BEAMS = 64  # of the official LIDAR
_OLD_CAMERA = {"forward_m": 0.2, "up_m": 0.164}  # of the cars of versions 1 and 2


@dataclass(frozen=True)
class Equipment:
    """What a model_metadata.json says a car sees with.

    Attributes:
        observation: names of ours with a plus between.
        network: the official name of a network.
        lidar: settings of `race.lidar` that it gives.
        camera: settings of `race.camera`, see `camera`.
    """

    observation: str
    network: str
    lidar: dict[str, float]
    camera: dict[str, float]


def equipment(name: str | Path) -> Equipment:
    """The sensors and the network that a model_metadata.json names.

    Raises:
        UnknownName: neither a file nor a known name.
        BadActions: it names none, or one that is not official; says which are.
    """
    metadata, source = read(name)
    metadata = metadata if isinstance(metadata, dict) else {}
    sensors = metadata.get("sensor")
    if sensors and not isinstance(sensors, list):
        raise BadActions(f"{source}: sensor is {sensors!r:.40}; a list of names is needed.")
    if not sensors:
        raise BadActions(
            f'{source} names no sensors; add "sensor": ["FRONT_FACING_CAMERA"], or choose an '
            "observation by its name."
        )
    for sensor in sensors:
        if not isinstance(sensor, str) or sensor not in SENSORS:
            raise BadActions(f"{source}: sensor {sensor!r:.40}; use {', '.join(SENSORS)}.")
    network = metadata.get("neural_network", NETWORKS[0])
    if network not in NETWORKS:
        raise BadActions(f"{source}: neural_network {network!r:.60}; use {', '.join(NETWORKS)}.")
    seen = "+".join(dict.fromkeys(SENSORS[sensor] for sensor in sensors))
    lidar = _lidar(metadata.get("lidar_config", {}), source)
    return Equipment(seen, network, lidar, _camera(metadata))


def camera(name: str | Path) -> dict[str, float]:
    """Where the camera of the car is that a model_metadata.json is for, as `race.camera` has it.

    Empty for today's car: a file of version 3 or later, and one that does not say its version.

    Raises:
        UnknownName, BadActions: as `load`.
    """
    metadata, _ = read(name)
    return _camera(metadata)


def _camera(metadata: object) -> dict[str, float]:
    version = metadata.get("version") if isinstance(metadata, dict) else None
    try:
        old = float(version) < 3.0  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return {}
    return dict(_OLD_CAMERA) if old else {}


def _lidar(given: object, source: str) -> dict[str, float]:
    if not isinstance(given, dict):
        raise BadActions(f"{source}: lidar_config is {given!r:.40}; a table is needed.")
    found: dict[str, float] = {}
    where = f"{source}: lidar_config"
    for key, setting in _LIDAR.items():
        if key == "clipping_dist" and key in given:  # held within this as officially
            found[setting] = min(max(_number(given, key, 1e6, where), 0.15), 12.0)
        elif key in given:
            found[setting] = _whole(given[key], f"{where}: {key}")
    if _BEAMS % found.get("discretized_sectors", 1):
        raise BadActions(
            f"{where}: num_sectors is {found['discretized_sectors']:g}, and {_BEAMS} beams cannot "
            "be split into as many; use 1, 2, 4, 8, 16, 32 or 64."
        )
    return found


def _whole(value: object, where: str) -> int:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if number not in range(1, 65):
        raise BadActions(f"{where} is {value!r:.40}; use a whole number from 1 to 64.")
    return int(number)


def read(name: str | Path) -> tuple[object, str]:
    """The contents of a file, unchecked, and its path."""
    folders = [Path("actions"), FOLDER]
    path = registry.find_file("action space", str(name), folders, (".json",))
    try:
        metadata = json.loads(files.read_whole(path, _BYTES_MAX).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadActions(f"{path} is not a JSON file: {reason(error)}.") from None
    return metadata, str(path)


def parse(metadata: object, source: str) -> Actions:
    """An action space from the contents of a model_metadata.json (any version).

    Raises:
        BadActions: says which entry, what it holds and what is allowed.
    """
    if isinstance(metadata, list):  # version 1 files are the bare list
        metadata = {"action_space": metadata}
    if not isinstance(metadata, dict) or "action_space" not in metadata:
        raise BadActions(
            f"{source} has no 'action_space'; give a list of "
            '{"steering_angle": deg, "speed": m/s} or ranges '
            '{"steering_angle": {"low", "high"}, ...}.'
        )
    space = metadata["action_space"]
    kind = metadata.get(
        "action_space_type", "continuous" if isinstance(space, dict) else "discrete"
    )
    if kind not in ("discrete", "continuous"):
        raise BadActions(f"{source}: action_space_type {kind!r}; use 'discrete' or 'continuous'.")
    algorithm = metadata.get("training_algorithm", "clipped_ppo")
    if algorithm not in ("clipped_ppo", "sac"):
        raise BadActions(
            f"{source}: training_algorithm {algorithm!r}; the simulator knows clipped_ppo and sac."
        )
    if algorithm == "sac" and kind != "continuous":
        raise BadActions(f"{source}: SAC needs action_space_type 'continuous'.")
    return _discrete(space, source) if kind == "discrete" else _continuous(space, source)


def described(actions: Actions) -> dict[str, Any]:
    """An action space as a model_metadata.json has it; `parse` reads it."""
    if isinstance(actions, Discrete):
        choices: Any = [
            {"steering_angle": steer, "speed": speed, "index": k}
            for k, (steer, speed) in enumerate(actions.choices)
        ]
        return {"action_space": choices, "action_space_type": "discrete"}
    pairs = (("speed", actions.speed), ("steering_angle", actions.steer_deg))
    ranges = {name: {"low": low, "high": high} for name, (low, high) in pairs}
    return {"action_space": ranges, "action_space_type": "continuous"}


def _discrete(space: object, source: str) -> Discrete:
    if not isinstance(space, list) or not space:
        raise BadActions(f"{source}: a discrete action_space is a list with at least one action.")
    if len(space) > MOST:
        raise BadActions(f"{source}: {len(space)} actions; a policy chooses among at most {MOST}.")
    return Discrete(
        tuple(
            (
                _number(action, "steering_angle", STEER_LIMIT, f"{source}: action {i}"),
                _number(action, "speed", SPEED_LIMIT, f"{source}: action {i}"),
            )
            for i, action in enumerate(space)
        )
    )


def _continuous(space: object, source: str) -> Continuous:
    if not isinstance(space, dict):
        raise BadActions(
            f"{source}: a continuous action_space has ranges for 'speed' and 'steering_angle'."
        )
    ranges = []
    for key, limit in (("steering_angle", STEER_LIMIT), ("speed", SPEED_LIMIT)):
        where = f"{source}: {key}"
        low, high = (_number(space.get(key), end, limit, where) for end in ("low", "high"))
        if not low < high:
            raise BadActions(f"{where}: low {low} must be below high {high}.")
        ranges.append((low, high))
    return Continuous(ranges[0], ranges[1])


def _number(entry: object, key: str, limit: float, where: str) -> float:
    value = entry.get(key) if isinstance(entry, dict) else None
    try:
        number = float(value)  # type: ignore[arg-type]  # old consoles wrote strings
    except (TypeError, ValueError, OverflowError):
        raise BadActions(f"{where}: {key!r} is {repr(value)[:40]}; a number is needed.") from None
    if isinstance(value, bool) or not math.isfinite(number) or abs(number) > limit:
        raise BadActions(f"{where}: {key!r} is {value!r}; allowed is -{limit:g} to {limit:g}.")
    if key == "speed" and number < 0.0:
        raise BadActions(f"{where}: {key!r} is {value!r}; a DeepRacer does not drive backwards.")
    return number
