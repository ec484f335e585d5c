"""Policies out to Stable-Baselines3 and in from it; a foreign zip is only ever read for numbers.

SB3's own `load` unpickles, which runs whatever the file's author wrote. `read_sb3` takes the
tensors alone (torch's weights_only reader, sizes checked first) and builds the network itself.
"""

from __future__ import annotations

import dataclasses
import io
import json
import re
import stat
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from racer import reward
from racer.config import Config
from racer.errors import BadRun
from racer.export.fits import check_fits
from racer.export.sight import seeing, sees
from racer.policy import Policy, into_model
from racer.policy.inputs import is_row, parts, shown
from racer.policy.network import ACTIVATIONS, network_of
from racer.race import Race, make_race, track_of
from racer.runs import Run
from racer.storage import files
from racer.training import algorithms
from racer.training.checkpoint import policy_of

_MAX_ZIP = _MAX_WEIGHTS = 64 * 2**20  # bytes
_MAX_DATA = 16 * 2**20
_MAX_MEMBERS = 64
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, struct.error)
_END = b"PK\x05\x06"  # a zip's last record begins so; its length is 22 plus a comment
_DEFAULT_ACTIVATION = {"ppo": "tanh", "sac": "relu"}  # SB3's


def write_sb3(run: Run, path: Path, *, checkpoint: str = "") -> Path:
    """Write a policy of the run as a zip that `PPO.load` or `SAC.load` opens; returns its path.

    Args:
        run: whose.
        path: of the zip.
        checkpoint: which of its policies, see `policy_of`.

    Raises:
        BadRun: the run has no usable policy.
        ResourceError: the disk.
    """
    config = run.config().override({"race.reward": str(run.reward_file)})
    policy = policy_of(run.folder, checkpoint)
    race = make_race(
        config.race, config.race.others.learners, with_reward=False, tracks=[track_of(config.race)]
    )
    check_fits(policy, race)
    content = io.BytesIO()
    _sb3_model(policy, config, race.observation_space, race.actions.space).save(content)
    device = path.exists() and not path.is_file() and not path.is_dir()
    if path.suffix != ".zip" and not device:
        path = path.with_name(path.name + ".zip")
    files.write_output(path, content.getvalue())
    return path


def read_sb3(path: Path, *, activation: str | None = None, race: Race | None = None) -> Policy:
    """The policy in an SB3 zip of PPO or SAC; no code in it can run.

    Args:
        path: the zip.
        activation: of the hidden layers; None takes what the zip says, else SB3's default.
        race: what it sees, for policies with convolutions.

    Raises:
        BadRun: not such a zip, damaged, too large, hostile, or not finite.
    """
    data, stored = _members(path)
    weights = _tensors(path, stored)
    algo = "sac" if "actor.mu.weight" in weights else "ppo"
    chosen = activation or _said_activation(data) or _DEFAULT_ACTIVATION[algo]
    if chosen not in ACTIVATIONS:
        raise BadRun(f"activation {chosen!r}; allowed: {', '.join(ACTIVATIONS)}. Use --activation.")
    more: dict[str, Any] = {}
    if algo == "sac" or "log_std" in weights:
        head = "actor.mu.weight" if algo == "sac" else "action_net.weight"
        count = len(weights[head]) if head in weights else 0
        low, high = _said_bounds(data)
        more = {"low": (low,) * count, "high": (high,) * count}
    if race is not None and sees(weights):
        seen = parts(race.observation_space)
        weights, branches, shared = seeing(weights, seen, race.horizons)
        more |= {"parts": seen, "branches": branches, "shared": shared}
    network = network_of(weights, activation=chosen, **more)
    return Policy(network, weights, {"imported": path.name})


def import_sb3(path: Path, config: Config, runs_dir: Path, *, activation: str | None = None) -> Run:
    """Make a run of an SB3 zip, so that it can be evaluated, watched and trained on.

    Raises:
        BadRun: as `read_sb3`, or the network does not fit the environment of `config`.
    """
    race = make_race(
        config.race, config.race.others.learners, with_reward=False, tracks=[track_of(config.race)]
    )
    policy = read_sb3(path, activation=activation, race=race)
    if not policy.network.branches:
        policy = _fed(policy, race.observation_space)
    check_fits(policy, race)
    settings = {"train.algo": policy.network.algo, "train.net_arch": list(policy.network.hidden)}
    config = config.override(settings)
    copies = reward.load(config.race.reward).copies()
    about = {"observation": config.race.observation, "track": race.track.name}
    policy = Policy(policy.network, policy.weights, policy.about | about)
    run = Run.create(
        runs_dir,
        (path.stem, race.track.name),
        texts={"config.toml": config.to_toml(), **copies},
        manifest={"imported": {"file": path.name, "sha256": files.sha256(path)}},
    )
    policy.save(run.folder)
    run.record(status="imported")
    run.seal()
    return run


def _fed(policy: Policy, space: Any) -> Policy:
    """The policy of a zip, which says how many numbers it sees, with the arrays they are in."""
    seen = parts(space)
    numbers = sum(one.size for one in seen)
    if numbers != policy.network.inputs:
        raise BadRun(
            f"the policy was trained with {policy.network.inputs} inputs; this observation is "
            f"{shown(seen)}, which makes {numbers}. Use the observation it was trained with."
        )
    network = dataclasses.replace(policy.network, parts=() if is_row(seen) else seen)
    return Policy(network, policy.weights, policy.about)


def _sb3_model(policy: Policy, config: Config, seen: Any, actions: Any) -> Any:
    """A plain SB3 model around the policy: none of our classes, so racer need not be there.

    Only layers that see are a class of ours: such a zip is opened where racer is installed.
    """
    import gymnasium
    import stable_baselines3
    import torch

    class Spaces(gymnasium.Env):
        observation_space = seen
        action_space = actions

    names = dict(zip(ACTIVATIONS, (torch.nn.ReLU, torch.nn.Tanh, torch.nn.ELU), strict=True))
    network = policy.network
    critic = "qf" if network.algo == "sac" else "vf"
    net_arch = {"pi": list(network.hidden), critic: list(network.critic_hidden)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on one car, our batch is larger than a rollout
        model = getattr(stable_baselines3, network.algo.upper())(
            algorithms.policy_class(seen),
            Spaces(),
            device="cpu",
            policy_kwargs={
                "net_arch": net_arch,
                "activation_fn": names[network.activation],
                **algorithms.extractor(network.branches, network.shared),
            },
            **algorithms.settings(config.train),
        )
    into_model(policy, model)
    return model


def _members(path: Path) -> tuple[bytes, bytes]:
    """The `data` and `policy.pth` members, after checking every name and size."""
    content = files.read_limited(path, _MAX_ZIP)
    end = content.rfind(_END, max(0, len(content) - 22 - 65535))
    if not content.startswith(b"PK") or end < 0:
        raise BadRun(f"{path} is not a zip. Give the file that model.save() wrote.")
    # Before zipfile makes an object of each: 65535 also stands for "more, see elsewhere".
    if int.from_bytes(content[end + 10 : end + 12], "little") > _MAX_MEMBERS:
        raise BadRun(f"{path} has more than {_MAX_MEMBERS} members; an SB3 model has six.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            _check_members(path, infos)
            return (
                _read(path, archive, "data", _MAX_DATA),
                _read(path, archive, "policy.pth", _MAX_WEIGHTS),
            )
    except (*_ZIP_ERRORS, ValueError, RuntimeError, EOFError, OSError) as error:
        raise BadRun(f"{path} is a damaged zip: {error}. Download it again.") from error


def _check_members(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        raise BadRun(f"{path} has two members of one name; SB3 does not write such zips.")
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        mode = info.external_attr >> 16
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise BadRun(f"{path} has a member {info.filename!r} that points outside. Hostile.")
        if stat.S_ISLNK(mode):
            raise BadRun(f"{path} has a link {info.filename!r} in it. Hostile.")
        if info.file_size > _MAX_WEIGHTS:
            raise BadRun(
                f"{path}: {info.filename} claims {info.file_size} bytes; at most {_MAX_WEIGHTS}."
            )


def _read(path: Path, archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    if name not in archive.namelist():
        raise BadRun(f"{path} has no {name}; it is not what SB3's model.save() writes.")
    with archive.open(name) as member:
        content = member.read(limit + 1)
    if len(content) > limit:
        raise BadRun(f"{path}: {name} has more than {limit} bytes.")
    return content


def _tensors(path: Path, stored: bytes) -> dict[str, Any]:
    """Name → float32 array from a .pth, by torch's reader that makes tensors and nothing else."""
    import torch

    try:
        with zipfile.ZipFile(io.BytesIO(stored)) as archive:
            infos = archive.infolist()
        if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
            raise BadRun(f"{path}: its policy.pth is compressed; torch does not write such files.")
        state = torch.load(io.BytesIO(stored), map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or not state:
            raise TypeError("no table of tensors")
        return {
            str(name): np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)
            for name, tensor in state.items()
        }
    except BadRun:
        raise
    except Exception as error:  # whatever a hostile file makes torch's reader raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadRun(f"{path}: its policy.pth cannot be read: {reason[:200]}") from error


def _said_activation(data: bytes) -> str | None:
    """The activation that the text beside the pickles names; the pickles stay closed."""
    said = json.dumps(_json(data).get("policy_kwargs", ""))
    match = re.search(r"activation\.(ReLU|Tanh|ELU)\b", said)
    return match[1].lower() if match else None


def _said_bounds(data: bytes) -> tuple[float, float]:
    """The action bounds that the text names when they are all equal, else -1 and 1."""
    space = _json(data).get("action_space", {})
    try:
        low, high = float(space["low_repr"]), float(space["high_repr"])
    except (KeyError, TypeError, ValueError):
        return -1.0, 1.0
    return (low, high) if np.isfinite([low, high]).all() and low < high else (-1.0, 1.0)


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
