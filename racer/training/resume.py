"""Go on with a run that was stopped, killed or finished: the same training, or a longer one."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from racer import console, reward
from racer.config import Config
from racer.errors import BadReward, RacerError, UnknownName, UsageError
from racer.evaluation import Result
from racer.process.signals import graceful_stop
from racer.race import make_race, pack_of
from racer.reward.function import RewardFunction, as_file
from racer.runs import REWARD_FILES, Run
from racer.storage import files
from racer.storage.provenance import versions
from racer.training import algorithms, cars, checkpoint, memory, opponents, roads
from racer.training.listener import Listener, Listeners
from racer.training.train import Session, about_reward, named

log = console.log(__name__)

# What may differ without changing what is learned up to the old end.
FREE = frozenset(
    {
        "train.timesteps",
        "train.time_limit_s",
        "train.early_stop",
        "train.checkpoint_every_s",
        "train.keep_checkpoints",
        "train.eval_every",
        "train.eval_laps",
        "race.reward_engine",
        "race.sandbox",
        "eval.laps",
    }
)


def resume(
    run: Run,
    settings: Mapping[str, Any],
    *,
    accept_change: bool = False,
    listeners: Callable[[Config], Sequence[Listener]] = lambda _: (),
    function: RewardFunction | None = None,
) -> tuple[Run, Result]:
    """Continue from the newest whole checkpoint, bit for bit on the same machine and versions.

    A run that ended before its first checkpoint starts from the beginning.

    Args:
        run: what to go on with.
        settings: dotted keys to change, e.g. {"train.timesteps": 2_000_000}.
        accept_change: allow another reward, track, car or learning setting; it is recorded.
        listeners: gives those for the settings that the run goes on with.
        function: the reward, in place of the file that the run names.

    Raises:
        Busy: the run is being trained.
        BadRun: no usable checkpoint.
        UsageError: a change that needs `accept_change`, or nothing is left to train, or the
            reward is a function and is not given.
        Stopped: a signal came; everything is saved.
    """
    with graceful_stop() as stop, run.lock():
        old = run.config()
        config = named(old.override(dict(settings)), function)
        if function is None and "race.reward" not in settings:
            _refuse_without_function(run)
        found = _newest(run)
        step = 0 if found is None else found.state.timesteps
        _refuse_fewer(run, step, config.train.timesteps, asked="train.timesteps" in settings)
        for why in pack_of(config.race).left_out:
            log.warning("left out: %s", why)
        given = _reward(config, function)
        changes = _changes(run, old, config, given)
        if changes and not accept_change:
            raise UsageError(
                f"{run.name} was trained otherwise: {'; '.join(changes)}. Put it back, or go on "
                "with the change, which is then recorded: --accept-change."
            )
        cars = algorithms.num_envs(config.train) * (1 + len(config.race.others.rivals))
        empty = make_race(config.race, cars, with_reward=False)
        algorithms.check_observation(empty.observation_space)
        memory.check(config, empty)
        checkpoint.tidy(run.checkpoints, None if found is None else found.folder)
        with _unless_refused(run) as begun:
            _record(run, config, step, changes, given, function)
            config = with_own_reward(run, config)
            race = make_race(config.race, cars, seed=config.train.seed, reward=function)
            everyone = Listeners(listeners(config))
            rivals = opponents.load(config.race, run.folder.parent)
            session = Session(
                run, config, race, stop, listeners=everyone, function=function, rivals=rivals
            )
            begun.append(session)
            return session.learn() if found is None else session.go_on(found.state)


def _refuse_without_function(run: Run) -> None:
    """Its reward is in no file."""
    if run.function:
        raise UsageError(
            f"{run.name} is trained with the Python function {run.function}, which is in no "
            f"file: give it again in Python, {run.resumed_by}."
        )


def _refuse_fewer(run: Run, step: int, timesteps: int, *, asked: bool) -> None:
    """Nothing is left to train: the run has ended, or fewer steps are asked for than it has."""
    if asked and timesteps < step:
        raise UsageError(
            f"{run.name} has trained {step:,} steps already, and {timesteps:,} were asked for. "
            "--timesteps counts from the first start: give a larger number."
        )
    if step >= timesteps and run.manifest().get("status") == "finished":
        raise UsageError(
            f"{run.name} has trained {step:,} of {timesteps:,} steps. Ask for more: --timesteps N."
        )


@contextlib.contextmanager
def _unless_refused(run: Run) -> Iterator[list[Session]]:
    """Put the run's files back when the session in the list never began."""
    before = {path: path.read_bytes() for path in (run.config_file, run.manifest_file)}
    kept = [run.reward_file, *filter(Path.is_file, (run.folder / REWARD_FILES).rglob("*"))]
    copies = {path.relative_to(run.folder).as_posix(): path.read_bytes() for path in kept}
    begun: list[Session] = []
    try:
        yield begun
    except RacerError:
        if not any(session.started for session in begun):
            with contextlib.suppress(OSError):
                _replace_reward(run, copies)
                for path, content in before.items():
                    files.write_atomic(path, content)
        raise


def _newest(run: Run) -> checkpoint.Checkpoint | None:
    """The checkpoint to go on from; None when the run ended before its first.

    Raises:
        BadRun: there are checkpoints, and every one is damaged; or old weights began the run.
    """
    nothing_yet = not checkpoint.steps(run.checkpoints)  # a best policy alone is none
    if nothing_yet and "parent" not in run.manifest() and "imported" not in run.manifest():
        return None
    found = checkpoint.latest(run.checkpoints)
    for problem in found.skipped:
        log.warning("not used: %s", problem)
    return found


def with_own_reward(run: Run, config: Config) -> Config:
    """`config` with the run's own copy of the reward."""
    race = dataclasses.replace(config.race, reward=str(run.reward_file))
    return dataclasses.replace(config, race=race)


def _changes(run: Run, old: Config, new: Config, given: reward.RewardFile | None) -> list[str]:
    """What would make the training another one: settings, the files they name."""
    before, after = _flat(dataclasses.asdict(old)), _flat(dataclasses.asdict(new))
    found = [
        f"{key} was {before[key]!r}, now {after[key]!r}"
        for key in before
        if before[key] != after[key] and (key not in FREE or _bends(key, new))
    ]
    found += _changed_reward(run, new.race.reward, given)
    found += roads.changed(run.manifest(), new.race, pack_of(new.race).tracks)
    return found + cars.changed(run.manifest(), new.race)


def _bends(key: str, config: Config) -> bool:
    """Whether a longer training would have learned otherwise from its first step on."""
    falls = config.train.learning_rate_schedule not in (None, "constant")
    spread = config.train.action_std_start, config.train.off_track_wheels
    return key == "train.timesteps" and (falls or any(one is not None for one in spread))


def _reward(config: Config, function: RewardFunction | None) -> reward.RewardFile | None:
    """The reward as it is now; None when the file is gone, and the copy is all there is."""
    if function is not None:
        return as_file(function)
    try:
        return reward.load(config.race.reward)
    except (UnknownName, BadReward):
        return None


def _changed_reward(run: Run, name: str, given: reward.RewardFile | None) -> list[str]:
    """What differs from the run's copies: the reward, or a file beside it."""
    if given is None:
        return []
    if given.source != run.reward_text():
        return [f"the reward {name} differs from the run's copy, reward.py"]
    now, before = given.beside.files, reward.load(run.reward_file).beside.files
    changed = [at for at in sorted({*now, *before}) if now.get(at) != before.get(at)]
    return [f"{at} beside the reward {name} differs from the run's copy" for at in changed]


def _record(
    run: Run,
    config: Config,
    timesteps: int,
    changes: list[str],
    given: reward.RewardFile | None,
    function: RewardFunction | None,
) -> None:
    """Note in the run that it goes on, and what changed."""
    manifest = run.manifest()
    event: dict[str, Any] = {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "timesteps": timesteps,
        "changes": changes,
    }
    if manifest.get("versions") != versions():
        event["versions"] = versions()
        log.warning("other versions than the run began with; bits may differ.")
    about: dict[str, Any] = {}
    with files.disk_errors(str(run.folder)):
        if changes and given is not None:
            _replace_reward(run, given.copies())
            about = {"reward": about_reward(config.race.reward, given, function)}
        files.write_atomic(run.config_file, config.to_toml().encode())
    about |= roads.recorded(config.race, pack_of(config.race).tracks) | cars.recorded(config.race)
    run.record(resumed=[*manifest.get("resumed", []), event], **about)


def _replace_reward(run: Run, copies: Mapping[str, str | bytes]) -> None:
    """Let the run's copies of the reward and of what it uses be these."""
    kept = run.folder / REWARD_FILES
    if kept.is_dir():
        files.remove_folder(kept)
    for name, content in copies.items():
        files.make_folder((run.folder / name).parent)
        raw = content if isinstance(content, bytes) else content.encode()
        files.write_atomic(run.folder / name, raw)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found
