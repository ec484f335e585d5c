"""What a model_metadata.json says and a training leaves out, so that nothing is ignored unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from racer.actions.model_metadata import FOLDER, SENSORS, read

_USED = {"action_space", "action_space_type", "training_algorithm", "version"}
_OF_SENSORS = ("sensor", "neural_network", "lidar_config")
_OF_ACTIONS = {"steering_angle", "speed", "index"}
_HYPER = {"batch_size", "beta_entropy", "discount_factor", "e_greedy_value", "epsilon_steps", "lr"}
_HYPER |= {"exploration_type", "loss_type", "num_episodes_between_training", "num_epochs"}
_HYPER |= {"sac_alpha", "stack_size", "term_cond_avg_score", "term_cond_max_episodes"}


def unused(name: str | Path, observation: str) -> list[str]:
    """Sentences about what a training with this action space leaves out.

    Args:
        name: of an action space that can be loaded, or its path.
        observation: what the policy sees; "sensors" is what the file names.
    """
    metadata, source = read(name)
    if Path(source).parent == FOLDER:
        return []  # a built-in one, which names the sensor of every car
    if not isinstance(metadata, dict):  # version 1 files are the bare list
        metadata = {"action_space": metadata}
    found = []
    unknown = [key for key in metadata if key not in _USED and key not in _OF_SENSORS]
    hyper = [key for key in unknown if key in _HYPER]
    if hyper:
        found.append(
            f"{source}: {_listed(hyper)}: hyper-parameters are left out here; give a file of them "
            "with --hyperparameters."
        )
    others = [key for key in unknown if key not in _HYPER]
    if others:
        found.append(f"{source}: {_listed(others)}: not used in training, left out.")
    return (
        found
        + _of_actions(metadata["action_space"], source)
        + _of_sensors(metadata, source, observation)
    )


def _of_actions(space: Any, source: str) -> list[str]:
    """Of a list of actions, or of the ranges of a continuous one."""
    choices = [] if isinstance(space, dict) else space
    keys = [*space] if isinstance(space, dict) else [key for one in choices for key in one]
    left_out = [key for key in dict.fromkeys(keys) if key not in _OF_ACTIONS]
    found = []
    if left_out:
        found.append(
            f"{source}: {_listed(left_out)}: an action is a steering_angle and a speed; left out."
        )
    indices = [(k, one["index"]) for k, one in enumerate(choices) if "index" in one]
    for k, index in [one for one in indices if str(one[1]) != str(one[0])][:1]:
        found.append(f"{source}: action {k} has index {index!r:.20}; the order of the list counts.")
    return found


def _of_sensors(metadata: dict[str, Any], source: str, observation: str) -> list[str]:
    named = [key for key in _OF_SENSORS if metadata.get(key)]
    sensors = metadata.get("sensor")
    known = [SENSORS.get(str(one), "") for one in sensors] if isinstance(sensors, list) else []
    seen = {"sensors", *known} & {*observation.split("+")}
    if not named or "sensors" in seen or (known and seen == {*known}):
        return []
    return [
        f"{source}: {_listed(named)}: not used, since the policy sees {observation}; "
        "--observation sensors lets it see what the file names."
    ]


def _listed(keys: list[str]) -> str:
    return ", ".join(str(key)[:40] for key in keys[:8])
