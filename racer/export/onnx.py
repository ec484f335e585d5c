"""A run's policy as an ONNX file that says what it is, proven to act as the policy does."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from racer import actions, observations
from racer.config import Config
from racer.errors import BadRun
from racer.export.fits import check_fits
from racer.policy import FILE, Policy, Sampler
from racer.policy.inputs import parts
from racer.process.extras import extra
from racer.race import Race, make_race, track_of
from racer.runs import Run
from racer.storage import files, provenance
from racer.training.checkpoint import policy_of

PROOF = 10_000  # observations on which file and policy must agree
_LARGE, _OF_LARGE = 4_000_000, 1_000  # a network of so many products needs minutes for as many
TOLERANCE = 1e-5  # of actions in [-1, 1] and of probabilities
_CARS = 100
PREFIX = "racer."  # of every entry in the file's metadata


@dataclass(frozen=True)
class Exported:
    """What was written, and how far it was from the policy on how many observations."""

    path: Path
    observations: int
    difference: float


def write_onnx(run: Run, path: Path, *, checkpoint: str = "") -> Exported:
    """Write a policy of the run as an ONNX file, after a proof that it acts as the policy does.

    Args:
        run: whose.
        path: of the file.
        checkpoint: which of its policies, see `policy_of`.

    Raises:
        BadRun: the run has no usable policy, or the file would act differently.
        ResourceError: onnx or onnxruntime is not installed, or the disk.
    """
    config = run.config()
    policy = policy_of(run.folder, checkpoint)
    with extra("onnx", "racer export --onnx"):
        import onnxruntime  # noqa: F401

        from racer.export import graph
    worlds = -(-_CARS // config.race.others.learners)
    cars = worlds * config.race.others.learners
    race = make_race(config.race, cars, with_reward=False, tracks=[track_of(config.race)])
    check_fits(policy, race)
    metadata = described(run, config, policy, race)
    content = graph.build(policy, race.actions, metadata)
    difference = proven(content, policy, race)
    path = path if path.suffix == ".onnx" else path.with_name(path.name + ".onnx")
    files.write_output(path, content)
    return Exported(path, proof_of(policy), difference)


def proof_of(policy: Policy) -> int:
    """On how many observations file and policy are compared: fewer for large pictures."""
    products = 0
    for branch, part in zip(policy.network.branches, policy.network.sees, strict=False):
        for (channels, *_), (filters, height, width), (_, kernel, _) in zip(
            branch.sizes(part), branch.sizes(part)[1:], branch.convs, strict=False
        ):
            products += channels * kernel**2 * filters * height * width
    return PROOF if products < _LARGE else _OF_LARGE


def described(run: Run, config: Config, policy: Policy, race: Race) -> dict[str, str]:
    """What the file says of itself: name → JSON, or plain text for the version."""
    manifest = run.manifest()
    row = race.vehicle[0]
    vehicle = {name: row[name].item() for name in row.dtype.names or ()}
    vehicle = {name: value if np.isfinite(value) else None for name, value in vehicle.items()}
    track = {"name": race.track.name, "length_m": race.track.length}
    track |= manifest.get("track", {})
    about = {
        "run": run.name,
        "algorithm": policy.network.algo,
        "observation": _observation(config, race),
        "actions": actions.described(race.actions),
        "vehicle": {"name": config.race.vehicle, **vehicle},
        "track": {"tracks": config.race.tracks, **track},
        "control_hz": config.race.rules.control_hz,
        "hashes": {FILE: files.hashed(policy.to_bytes()), **_hashes(manifest)},
        "proof": {"observations": proof_of(policy), "tolerance": TOLERANCE},
    }
    found = {PREFIX + key: json.dumps(value, allow_nan=False) for key, value in about.items()}
    return {PREFIX + "version": provenance.versions().get("racer", ""), **found}


def _hashes(manifest: dict[str, Any]) -> dict[str, str]:
    """Of what the policy was trained with, as the run recorded them."""
    recorded = manifest.get("files", {})
    return {name: recorded[name] for name in ("config.toml", "reward.py") if name in recorded}


def _observation(config: Config, race: Race) -> dict[str, Any]:
    """Name, arrays, and the table that the observation's class has in its docstring."""
    name = config.race.observation
    kind = type(observations.make(name, race.vehicle, config.race.sensors))
    arrays = [
        {"name": one.key or "observation", "shape": one.shape, "dtype": one.dtype}
        for one in parts(race.observation_space)
    ]
    return {"name": name, "arrays": arrays, "about": inspect.getdoc(kind) or ""}


def proven(content: bytes, policy: Policy, race: Race) -> float:
    """The largest difference between file and policy on as many observations as `proof_of` says.

    Half of them are what cars meet that act at random, as in training; half are drawn from the
    whole space.

    Raises:
        BadRun: they differ by more than TOLERANCE.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    worst = 0.0
    for obs in _observations(policy, race):
        arrays = obs if isinstance(obs, dict) else {"observation": obs}
        wanted = [one.name for one in session.get_outputs()]
        given = dict(zip(wanted, session.run(None, arrays), strict=True))
        worst = max(worst, _difference(policy, obs, given))
    if not worst <= TOLERANCE:
        raise BadRun(
            f"as ONNX in float32 this policy would act differently by {worst:.1e}; at most "
            f"{TOLERANCE:g} is allowed. Train with observations of about -1 to 1."
        )
    return worst


def _difference(policy: Policy, obs: Any, given: dict[str, npt.NDArray[Any]]) -> float:
    if not policy.network.choices:
        return float(np.abs(given["action"] - policy.act(obs)).max())
    raw = policy.outputs(obs)
    likely = np.exp(raw - raw.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    chosen = np.take_along_axis(likely, given["action"][:, None], axis=1)[:, 0]
    missed = likely.max(axis=1) - chosen  # 0 unless two choices are equally likely but for this
    return float(max(np.abs(given["probabilities"] - likely).max(), missed.max()))


def _observations(policy: Policy, race: Race) -> Any:
    """Observations in batches of as many as there are cars."""
    driver = Sampler(policy)
    space = race.observation_space
    space.seed(0)
    race.reset()
    for _ in range(-(-proof_of(policy) // (2 * race.n))):
        yield observations.copied(race.obs)
        race.step(driver.act(race.obs))
        if race.done_count:
            race.reset(race.done)
        yield observations.stacked([space.sample() for _ in range(race.n)])
