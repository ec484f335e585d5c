"""train, resume and evaluate: what the command line, sweeps, notebooks and scripts call.

`racer.training` trains and calls listeners; here a training gets its default ones:
DeepRacer's files, TensorBoard, checkpoints, progress, early stopping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from racer import console, evaluation
from racer.config import Config, RaceConfig, given
from racer.deepracer.run_files import OfficialFiles, SimTrace
from racer.errors import UsageError
from racer.evaluation import Driver, Result
from racer.policy import Sampler
from racer.recording.trace import Trace
from racer.reward.function import RewardFunction
from racer.runs import RUNS, Run
from racer.sim import precompile
from racer.training import opponents
from racer.training import resume as _resume
from racer.training import train as _train
from racer.training.checkpoint import policy_of
from racer.training.listener import Listener
from racer.training.listeners.checkpointing import Checkpointing
from racer.training.listeners.early_stop import EarlyStop
from racer.training.listeners.progress import Progress
from racer.training.listeners.tensorboard import TensorBoard
from racer.training.train import named

__all__ = ["default_listeners", "evaluate", "resume", "train"]


def train(
    config: Config | None = None,
    *,
    reward: RewardFunction | None = None,
    runs_dir: Path | str = RUNS,
    tags: Sequence[str] = (),
    parent: Run | None = None,
    parent_checkpoint: str = "",
    listeners: Sequence[Listener] = (),
    quiet: bool = False,
    profile: bool = False,
    reward_engine: str = "",
    pictures: bool = True,
) -> tuple[Run, Result]:
    """Learn, evaluate, and keep it all in a new folder of `runs_dir`.

    Args:
        config: every setting; None for the defaults.
        reward: a Python function of params in place of the file that `config` names. It is called
            as it is, in this process, unguarded; all cars share it and what it remembers.
        runs_dir: where runs live.
        tags: words to find the run by.
        parent: the run whose weights to start from; None starts from random ones.
        parent_checkpoint: the policy of it to start from: "best", "last" or a step, e.g. "20480";
            its result by default.
        listeners: your own, told after those that a run has by default.
        quiet: show no progress.
        profile: print where the time of learning went.
        reward_engine: what runs the reward in place of what `config` says, which the run keeps;
            the choice never changes a value.
        pictures: draw laps.png and curve.png at the end, which takes half a second of CPU.

    Returns:
        The run, and the result of driving `config.eval.laps` laps with the best policy.

    Raises:
        Stopped: a signal came; everything is saved and `resume` goes on.
        RacerError: anything the user can fix; nothing half-written stays behind.
    """
    config = Config() if config is None else config
    given.of_type("config", config, Config, "a Config, e.g. Config().override({'train.seed': 3})")
    _check(reward, runs_dir, listeners)
    given.of_type("parent", parent, (Run, type(None)), "a Run, e.g. Run.open('latest')")
    config = named(config, reward)
    if not quiet:
        _say_what_is_compiled(config.race)
    return _train.train(
        config,
        runs_dir=Path(runs_dir),
        tags=[tags] if isinstance(tags, str) else tags,
        parent=parent,
        parent_checkpoint=parent_checkpoint,
        listeners=[*default_listeners(config, quiet=quiet), *listeners],
        profile=profile,
        reward_engine=reward_engine,
        function=reward,
        pictures=pictures,
    )


def _say_what_is_compiled(race: RaceConfig) -> None:
    """Without a word, the first training of all would seem to do nothing for a while."""
    names = set(race.observation.split("+"))
    if precompile.ahead(camera=not names.isdisjoint({"camera", "stereo", "sensors"})):
        console.say("compiling the simulation, as at the first start after an installation only")


def resume(
    run: Run | Path | str,
    settings: Mapping[str, Any] | None = None,
    *,
    reward: RewardFunction | None = None,
    runs_dir: Path | str = RUNS,
    accept_change: bool = False,
    listeners: Sequence[Listener] = (),
    quiet: bool = False,
) -> tuple[Run, Result]:
    """Go on with a training from its newest whole checkpoint, bit for bit on the same machine.

    Args:
        run: a run, its folder, its name in `runs_dir`, or "latest".
        settings: dotted keys to change, e.g. {"train.timesteps": 2_000_000}.
        reward: the Python function that the run was trained with; what it remembers is not kept.
        runs_dir: where runs live.
        accept_change: allow another reward, track, car or learning setting; it is recorded.
        listeners: your own, told after those that a run has by default.
        quiet: show no progress.

    Raises:
        Busy: the run is being trained.
        BadRun: no usable checkpoint.
        UsageError: a change that needs `accept_change`, or nothing is left to train, or the run
            was trained with a Python function and `reward` is missing.
        Stopped: a signal came; everything is saved.
    """
    _check(reward, runs_dir, listeners)
    if settings is not None:
        given.of_type("settings", settings, Mapping, "a dict, e.g. {'train.timesteps': 2_000_000}")
    return _resume.resume(
        _run_of(run, runs_dir),
        {} if settings is None else settings,
        accept_change=accept_change,
        listeners=lambda config: [*default_listeners(config, quiet=quiet), *listeners],
        function=reward,
    )


def evaluate(
    driver: Driver | Run | Path | str,
    race: RaceConfig | None = None,
    *,
    reward: RewardFunction | None = None,
    laps: int = 5,
    checkpoint: str = "",
    stochastic: bool = False,
    seed: int = 0,
    runs_dir: Path | str = RUNS,
) -> tuple[Result, Trace]:
    """Drive laps from the start line, the first from standstill, the others flying.

    Args:
        driver: a policy or anything with `act(obs)`; or a run, its folder, its name or "latest".
        race: what is driven where; None for the race of the run, or the default one.
        reward: a Python function that scores, in place of the file that the race names. A run
            that was trained with one needs it again if the function uses names from around it.
        laps: how many.
        checkpoint: the policy of the run: "best", "last" or a step; its result by default.
        stochastic: draw a run's actions at random, as training does.
        seed: of `stochastic`; same seed, same laps.
        runs_dir: where runs live.

    Returns:
        The result, and every step of it.
    """
    _check(reward, runs_dir)
    if race is not None:
        given.of_type("race", race, RaceConfig, "a RaceConfig, e.g. RaceConfig(track='bean')")
    laps, seed = given.whole("laps", laps, 1), given.whole("seed", seed, 0)
    if not isinstance(driver, Run | Path | str):
        if not callable(getattr(driver, "act", None)):
            given.of_type("driver", driver, Run, "a run, its folder or name, or an object with act")
        if checkpoint or stochastic:
            raise UsageError(
                "checkpoint and stochastic are for a run; this driver is not one. Give the run, "
                "its folder or its name."
            )
        return evaluation.evaluate(driver, race or RaceConfig(), laps=laps, reward=reward)
    run = _run_of(driver, runs_dir)
    known = run.config().override({"race.reward": str(run.reward_file)}).race
    policy = policy_of(run.folder, checkpoint)
    driver = Sampler(policy, seed) if stochastic else policy
    rivals = opponents.load(race or known, Path(runs_dir))
    return evaluation.evaluate(driver, race or known, laps=laps, reward=reward, opponents=rivals)


def default_listeners(config: Config, *, quiet: bool = False) -> list[Listener]:
    """What every run writes and shows; the checkpoint comes last, when all else is on disk."""
    found: list[Listener] = [] if quiet else [Progress(config)]
    found += [SimTrace(config.train.sim_trace_cars), OfficialFiles(config), TensorBoard()]
    if config.train.early_stop:
        found.append(EarlyStop())
    return [*found, Checkpointing(config.train)]


def _check(reward: Any, runs_dir: Any, listeners: Any = ()) -> None:
    """Refuse what is not of its type."""
    given.function(reward)
    given.of_type("runs_dir", runs_dir, (str, Path), "a folder")
    given.of_type("listeners", listeners, Sequence, "a list of Listener objects")
    for one in listeners:
        given.of_type("a listener", one, Listener, "an object of a class made from racer.Listener")


def _run_of(run: Run | Path | str, runs_dir: Path | str) -> Run:
    given.of_type("run", run, (Run, Path, str), "a run, its folder, its name or 'latest'")
    return run if isinstance(run, Run) else Run.open(str(run), Path(runs_dir))
