"""The state of training between two rollouts: captured in memory, restored into a fresh model.

After `restore`, `learn` continues to the same weights, bit for bit, as if it had never stopped
(same CPU, same versions). SB3's own save leaves out the random generators, the environment, the
replay buffer and the unwritten log; all are here. `capture` is only exact between an update and
the next rollout.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from racer import observations
from racer.errors import BadRun, Diverged
from racer.policy import Policy, from_model, into_model
from racer.storage.tensors import Arrays

COUNTERS = ("num_timesteps", "_n_updates", "_episode_num", "_total_timesteps")
_REPLAY = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


@dataclass(frozen=True)
class State:
    """Training between two rollouts, in memory.

    Attributes:
        policy: actor and critics.
        arrays: what else is numbers; see `capture`. A listener's has the key of its `extra`.
        facts: what else is not; JSON.
        replay: the model's own buffer, not a copy; None for PPO.
        extra: what the caller wants back, JSON: best result so far, time spent, ...
    """

    policy: Policy
    arrays: Arrays
    facts: dict[str, Any]
    replay: Arrays | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def timesteps(self) -> int:
        return int(self.facts["num_timesteps"])


def capture(model: Any, *, about: Mapping[str, Any] | None = None) -> State:
    """Copy the state of an SB3 PPO or SAC model and its environment.

    The environment gives its own as `get_state() -> dict[str, array]`.

    Raises:
        Diverged: a weight, an optimizer moment or the observation is not finite.
    """
    arrays = _optimizer_arrays(model) | _random_arrays(model)
    arrays |= {f"env.{name}": a for name, a in model.get_env().get_state().items()}
    arrays |= observations.flat(observations.copied(model._last_obs), "last_obs")
    arrays["last_episode_starts"] = np.array(model._last_episode_starts)
    wrong = _not_finite(arrays)
    if wrong:
        raise Diverged(f"{wrong} is not finite. Lower the learning rate or the reward.")
    facts: dict[str, Any] = {name: int(getattr(model, name)) for name in COUNTERS}
    facts["progress_remaining"] = float(model._current_progress_remaining)
    facts["episodes"] = [_plain(info) for info in model.ep_info_buffer or ()]
    facts["successes"] = [_plain(success) for success in model.ep_success_buffer or ()]
    facts["random"] = _random_facts(model)
    facts["log"] = _pending_log(model)
    replay = getattr(model, "replay_buffer", None)
    if replay is not None:
        facts["replay"] = {"pos": int(replay.pos), "full": bool(replay.full)}
    return State(from_model(model, about), arrays, facts, None if replay is None else _rows(replay))


def restore(state: State, model: Any) -> None:
    """Put `state` into a model freshly built from the same settings.

    Continue with `model.learn(total - model.num_timesteps, reset_num_timesteps=False)`.

    Raises:
        BadRun: the state belongs to other settings; names what differs.
    """
    into_model(state.policy, model)  # first, for it says best what other settings changed
    env = model.get_env()
    expected = _optimizer_shapes(model) | {f"env.{k}": v for k, v in env.get_state().items()}
    like = observations.empty(env.observation_space, env.num_envs)
    expected |= observations.flat(like, "last_obs")
    expected["last_episode_starts"] = np.zeros(env.num_envs, np.bool_)
    _check_reward(state.arrays, expected)
    _check_like({n: a for n, a in state.arrays.items() if n not in state.extra}, expected)
    wrong = _not_finite(state.arrays)
    if wrong:
        raise BadRun(f"{wrong} in the checkpoint is not finite. Use an earlier one.")
    _restore_optimizers(state.arrays, model)
    if state.replay is not None:
        _restore_replay(state, model.replay_buffer)
    for name in COUNTERS:
        setattr(model, name, state.facts[name])
    model._current_progress_remaining = state.facts["progress_remaining"]
    model.ep_info_buffer = deque(state.facts["episodes"], maxlen=model._stats_window_size)
    model.ep_success_buffer = deque(state.facts["successes"], maxlen=model._stats_window_size)
    model._last_obs = observations.copied(observations.unflat(like, state.arrays, "last_obs"))
    model._last_episode_starts = state.arrays["last_episode_starts"].copy()
    env.set_state({k[4:]: v for k, v in state.arrays.items() if k.startswith("env.")})
    _restore_random(state, model)


def _not_finite(arrays: Arrays) -> str:
    """The name of an array that must be finite and is not; empty when all are."""
    for name, array in arrays.items():
        numbers = name.startswith(("optimizer.", "last_obs")) or name == "log_ent_coef"
        if numbers and not np.isfinite(array).all():
            return name
    return ""


def restore_log(state: State, logger: Any) -> None:
    """Give an SB3 logger what was recorded but not yet written when the state was captured."""
    for name, (value, excluded) in state.facts["log"].items():
        logger.record(name, float("nan") if value is None else value, tuple(excluded) or None)


def _optimizers(model: Any) -> dict[str, Any]:
    if hasattr(model, "ent_coef_optimizer"):
        found = {"actor": model.actor.optimizer, "critic": model.critic.optimizer}
        if model.ent_coef_optimizer is not None:
            found["ent_coef"] = model.ent_coef_optimizer
        return found
    return {"policy": model.policy.optimizer}


def _optimizer_arrays(model: Any) -> Arrays:
    """optimizer.<name>.<parameter index>.<moment>, and SAC's entropy coefficient."""
    found = {}
    for name, optimizer in _optimizers(model).items():
        for index, moments in optimizer.state_dict()["state"].items():
            for key, tensor in moments.items():
                found[f"optimizer.{name}.{index}.{key}"] = _array(tensor)
        rates = [group["lr"] for group in optimizer.param_groups]
        found[f"optimizer.{name}.lr"] = np.array(rates, np.float64)
    if getattr(model, "log_ent_coef", None) is not None:
        found["log_ent_coef"] = _array(model.log_ent_coef)
    return found


def _optimizer_shapes(model: Any) -> Arrays:
    """What `_optimizer_arrays` may hold after training: Adam's moments per parameter."""
    found: Arrays = {}
    for name, optimizer in _optimizers(model).items():
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for index, parameter in enumerate(parameters):
            found[f"optimizer.{name}.{index}.step"] = np.zeros((), np.float32)
            for key in ("exp_avg", "exp_avg_sq"):
                found[f"optimizer.{name}.{index}.{key}"] = np.zeros(parameter.shape, np.float32)
        found[f"optimizer.{name}.lr"] = np.zeros(len(optimizer.param_groups))
    if getattr(model, "log_ent_coef", None) is not None:
        found["log_ent_coef"] = _array(model.log_ent_coef)
    return found


def _restore_optimizers(arrays: Arrays, model: Any) -> None:
    import torch

    for name, optimizer in _optimizers(model).items():
        wanted = optimizer.state_dict()
        moments: dict[int, dict[str, Any]] = {}
        for key, array in arrays.items():
            kind, _, rest = key.partition(f"optimizer.{name}.")
            if kind or rest in ("", "lr"):
                continue
            index, moment = rest.split(".")
            moments.setdefault(int(index), {})[moment] = torch.from_numpy(array.copy())
        for group, rate in zip(wanted["param_groups"], arrays[f"optimizer.{name}.lr"], strict=True):
            group["lr"] = float(rate)
        optimizer.load_state_dict({"state": moments, "param_groups": wanted["param_groups"]})
    if "log_ent_coef" in arrays:
        model.log_ent_coef.data.copy_(torch.from_numpy(arrays["log_ent_coef"].copy()))


def _random_arrays(model: Any) -> Arrays:
    import torch

    found = {
        "random.python": np.array(random.getstate()[1], np.uint32),
        "random.numpy": np.array(_numpy_random()[1], np.uint32),
        "random.torch": torch.get_rng_state().numpy().copy(),
    }
    if model.device.type == "cuda":
        found["random.cuda"] = torch.cuda.get_rng_state(model.device).numpy().copy()
    return found


def _random_facts(model: Any) -> dict[str, Any]:
    _, _, position, has_gauss, cached = _numpy_random()
    return {
        "python_gauss": random.getstate()[2],
        "numpy": [int(position), int(has_gauss), float(cached)],
        "actions": _plain(model.action_space.np_random.bit_generator.state),
    }


def _numpy_random() -> Any:
    """NumPy's global generator, which SB3 shuffles and samples with."""
    return np.random.get_state()  # noqa: NPY002


def _restore_random(state: State, model: Any) -> None:
    import torch

    arrays, facts = state.arrays, state.facts["random"]
    try:
        random.setstate((3, tuple(map(int, arrays["random.python"])), facts["python_gauss"]))
        legacy = ("MT19937", arrays["random.numpy"], *facts["numpy"])
        np.random.set_state(legacy)  # noqa: NPY002
        torch.set_rng_state(torch.from_numpy(arrays["random.torch"].copy()))
        if "random.cuda" in arrays and model.device.type == "cuda":
            cuda = torch.from_numpy(arrays["random.cuda"].copy())
            torch.cuda.set_rng_state(cuda, model.device)
        model.action_space.np_random.bit_generator.state = facts["actions"]
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise BadRun(f"the random generators cannot be restored: {error}.") from error


def _pending_log(model: Any) -> dict[str, Any]:
    logger = getattr(model, "_logger", None)
    if logger is None:
        return {}
    found = {}
    for name, value in logger.name_to_value.items():
        if isinstance(value, int | float | np.number):
            excluded = logger.name_to_excluded.get(name) or ()
            number = value if np.isfinite(value) else None
            found[name] = [_plain(number), list(excluded)]
    return found


def _rows(replay: Any) -> Arrays:
    """The filled part of a replay buffer, as views."""
    filled = replay.buffer_size if replay.full else replay.pos
    return _filled(replay, filled)


def _filled(replay: Any, rows: int) -> Arrays:
    """Its arrays by name, the first `rows` of each, as views."""
    found: Arrays = {}
    for name in _REPLAY:
        found |= observations.flat(getattr(replay, name), name)
    return {name: array[:rows] for name, array in found.items()}


def _restore_replay(state: State, replay: Any) -> None:
    where = state.facts["replay"]
    filled = replay.buffer_size if where["full"] else where["pos"]
    if not 0 <= where["pos"] <= filled <= replay.buffer_size:
        raise BadRun(f"the replay buffer is at row {where['pos']} of {replay.buffer_size}.")
    rows = state.replay or {}
    buffers = _filled(replay, filled)
    _check_like(rows, buffers)
    for name, buffer in buffers.items():
        buffer[...] = rows[name]
    replay.pos, replay.full = where["pos"], where["full"]


def _check_reward(arrays: Arrays, expected: Arrays) -> None:
    """What a reward keeps between calls is known of compiled ones alone."""
    if ("env.reward" in arrays) != ("env.reward" in expected):
        compiled = "compiled" if "env.reward" in arrays else "not compiled"
        raise BadRun(
            f"the reward keeps numbers between calls and was {compiled} when this checkpoint was "
            "made. Resume with the same --reward-engine, so that it goes on with the same numbers."
        )


def _check_like(arrays: Arrays, expected: Arrays) -> None:
    """Every expected array is there with its shape and type, but for what is not yet made."""
    fresh = not any(name.endswith(".exp_avg") for name in arrays)  # before the first update
    for name, like in expected.items():
        if name not in arrays:
            if fresh and name.startswith("optimizer.") and not name.endswith(".lr"):
                continue
            raise BadRun(f"the checkpoint has no {name}; it was made with other settings.")
        array = arrays[name]
        if array.shape != like.shape or array.dtype != like.dtype:
            raise BadRun(
                f"{name} is {array.dtype} {array.shape} in the checkpoint, {like.dtype} "
                f"{like.shape} with these settings. Resume with the settings of the run."
            )
    unknown = [n for n in arrays if n not in expected and not n.startswith("random.")]
    if unknown:
        raise BadRun(f"the checkpoint has an unknown {unknown[0]}; its settings were others.")


def _array(tensor: Any) -> npt.NDArray[Any]:
    copied: npt.NDArray[Any] = tensor.detach().cpu().numpy().copy()
    return copied


def _plain(value: Any) -> Any:
    """NumPy scalars as Python ones, through dicts and lists, so that JSON keeps every bit."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
