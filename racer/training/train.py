"""Train: from a Config to a run folder that holds everything the training made."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from racer import reward
from racer.config import Config
from racer.deepracer import run_files
from racer.envs.sb3 import RacerVecEnv
from racer.errors import Diverged, RacerError, RewardFailed, Stopped
from racer.evaluation import Result, make_scorer
from racer.policy import FILE as POLICY_FILE
from racer.policy import Policy, into_model
from racer.process.signals import Stop, graceful_stop
from racer.race import Race, make_race
from racer.runs import RUNS, Run
from racer.storage import files
from racer.tracks import Track
from racer.training import algorithms, checkpoint, memory
from racer.training.listeners.checkpointing import Halt, Keeper, metrics_to_go_on
from racer.training.listeners.metrics import Metrics, Tell, Watch
from racer.training.profile import profiled
from racer.training.results import draw_curve, evaluate_run
from racer.training.state import State, restore

JUDGE_LAPS = 3  # to choose between policies while training; one from standstill, two flying


def train(
    config: Config,
    *,
    runs_dir: Path = RUNS,
    tags: Sequence[str] = (),
    parent: Run | None = None,
    quiet: bool = False,
    tell: Tell | None = None,
    profile: bool = False,
) -> tuple[Run, Result]:
    """Learn, evaluate, and keep it all in a new folder of `runs_dir`.

    Args:
        config: every setting.
        runs_dir: where runs live.
        tags: words to find the run by.
        parent: the run whose weights to start from; None starts from random ones.
        quiet: print nothing while learning.
        tell: called with every new metrics row.
        profile: print where the time of learning went.

    Returns:
        The run, and the result of driving `config.eval.laps` laps with the best policy.

    Raises:
        Stopped: a signal came; everything is saved and `racer train --resume` goes on.
        RacerError: anything the user can fix; nothing half-written stays behind.
    """
    weights = None if parent is None else checkpoint.policy_of(parent.folder)
    with graceful_stop(quiet=quiet) as stop:
        race = make_race(config.race, algorithms.num_envs(config.train), seed=config.train.seed)
        memory.check(config, race)
        run = create_run(config, race.track, runs_dir, tags)
        session = Session(run, config, race, stop, quiet=quiet, tell=tell, profile=profile)
        try:
            with run.lock():
                if parent is not None:
                    born = parent.manifest()["created"]
                    run.record(parent={"name": parent.name, "created": born})
                return session.learn(weights)
        except RacerError:
            if not session.started:
                with contextlib.suppress(OSError):
                    files.remove_folder(run.folder)
            raise


def create_run(config: Config, track: Track, runs_dir: Path, tags: Sequence[str]) -> Run:
    """A new run folder with the settings and a copy of the reward."""
    source = reward.load(config.race.reward)
    return Run.create(
        runs_dir,
        (Path(config.race.reward).stem, track.name),
        texts={"config.toml": config.to_toml(), "reward.py": source.source},
        manifest={
            "seed": config.train.seed,
            "algo": config.train.algo,
            "track": {"name": track.name, "sha256": track.sha256},
            "reward": {"name": Path(config.race.reward).stem, "sha256": _sha256(source.source)},
            "command": sys.argv,
        },
        tags=tags,
    )


class Session:
    """One stretch of learning in a run whose lock is held, from the first step or a checkpoint.

    Args:
        run: where everything is kept.
        config: every setting.
        race: the cars; owned from now on.
        stop: set by a signal.
        quiet: print nothing while learning.
        tell: called with every new metrics row.
        profile: print where the time of learning went.
    """

    def __init__(
        self,
        run: Run,
        config: Config,
        race: Race,
        stop: Stop,
        *,
        quiet: bool = False,
        tell: Tell | None = None,
        profile: bool = False,
    ) -> None:
        self.run, self.config, self.stop = run, config, stop
        self.quiet, self.tell, self.profile = quiet, tell, profile
        if race.reward is not None:
            race.reward.failure_folder = run.folder
        self.env = RacerVecEnv(race)
        self.metrics = Metrics()
        self.logger: Any = None
        self.started = False  # whether there is something to go on with
        self.sim_trace = run_files.SimTrace(race, run.folder, config.train.sim_trace_cars)

    def learn(self, weights: Policy | None = None) -> tuple[Run, Result]:
        """Train from the first step, with new weights or with given ones."""

        def begin(model: Any, _keeper: Keeper) -> None:
            if weights is not None:
                into_model(weights, model)

        return self._run(begin)

    def go_on(self, state: State) -> tuple[Run, Result]:
        """Train from a checkpoint as if there had been no break."""
        facts = metrics_to_go_on(state, self.config.train.timesteps)
        self.metrics = Metrics.load(self.run.metrics_file, facts)

        def begin(model: Any, keeper: Keeper) -> None:
            restore(state, model)
            keeper.resume(state)

        return self._run(begin, state.timesteps)

    def _run(self, begin: Callable[[Any, Keeper], None], from_step: int = 0) -> tuple[Run, Result]:
        from racer.training.listeners.tensorboard import make_logger

        try:
            if not self.quiet:
                _say(f"{self.run.folder}: {describe(self.config, self.env.race)}")
            model, keeper = self._build()
            begin(model, keeper)
            self.run.record(status="training")
            self.logger = make_logger(self.run.folder / "tb", from_step=from_step)
            model.set_logger(self.logger)
            self.started = True
            with profiled(model, self.env.race) if self.profile else nullcontext() as profile:
                ended_by = self._learn(model, keeper)
            if profile is not None:
                _say(profile.table())
            self.sim_trace.finish()
            return self._result(keeper, ended_by)
        except Diverged:
            self._note("diverged")
            raise
        except Stopped:
            raise
        except RacerError:
            self._note("failed")
            raise
        except (MemoryError, RuntimeError) as error:
            if not memory.ran_out(error):
                raise
            short = memory.shortage(error)
            self._note("failed")
            raise short from error
        finally:
            self.env.close()
            if self.logger is not None:
                self.logger.close()

    def _result(self, keeper: Keeper, ended_by: str) -> tuple[Run, Result]:
        """Drive the evaluation laps with the best policy and close the run."""
        self._warn_if_changed()
        policy = keeper.best_policy()
        policy.save(self.run.folder / POLICY_FILE)
        self.metrics.save(self.run.metrics_file)
        stopped = ended_by == self.stop.name
        # Who stops still wants to watch; drawing takes longer than someone stopping will wait.
        result = evaluate_run(self.run, policy, self.config, picture=not stopped)
        if not stopped:
            draw_curve(self.run, self.metrics)
        status = "stopped" if stopped else "finished"
        self.run.record(status=status, ended_by=ended_by, best=keeper.best)
        self.run.seal()
        if self.stop:  # it ended the training, or came while the result was made
            raise Stopped(self._sentence(keeper, stopped), self.stop.exit_code)
        return self.run, result

    def _build(self) -> tuple[Any, Keeper]:
        model = algorithms.build(self.config.train, self.env)
        keeper = Keeper(
            self.run,
            self.config.train,
            self.metrics,
            self.sim_trace,
            judge=make_scorer(self.config.race, laps=min(JUDGE_LAPS, self.config.eval.laps)),
            stop=self.stop,
            about=about(self.config),
        )
        return model, keeper

    def _learn(self, model: Any, keeper: Keeper) -> str:
        """Until the timesteps are reached; returns why it ended."""
        total = self.config.train.timesteps
        watch = Watch(self.env, self.metrics, total, quiet=self.quiet, tell=self.tell)
        left, fresh = max(0, total - model.num_timesteps), model._last_obs is None
        try:
            model.learn(left, callback=[watch, self.sim_trace, keeper], reset_num_timesteps=fresh)
        except Halt as halt:
            watch.stop()
            return halt.why
        except RewardFailed as error:
            raise keeper.rescued(error) from error
        except (MemoryError, RuntimeError) as error:
            if not memory.ran_out(error):
                raise
            raise keeper.rescued(memory.shortage(error)) from error
        except ValueError as error:
            # torch's distributions notice NaN in the middle of an update.
            raise keeper.diverged("the policy's output") if keeper.poisoned() else error from error
        if left:  # else it ended after its last checkpoint, before its result
            keeper.finish(watch.losses())
        return "timesteps"

    def _warn_if_changed(self) -> None:
        with contextlib.suppress(RacerError, OSError):
            now = reward.load(self.config.race.reward).source
            if now != self.run.reward_text():
                name = self.config.race.reward
                _say(f"warning: the reward {name} changed; trained with {self.run.reward_file}.")

    def _note(self, status: str) -> None:
        with contextlib.suppress(RacerError, MemoryError):  # disk or memory may be what failed
            self.run.record(status=status)

    def _sentence(self, keeper: Keeper, unfinished: bool) -> str:
        how = f"go on: racer train --resume {self.run.typed}" if unfinished else "it was finished"
        step = keeper.num_timesteps if keeper.last_good is None else keeper.last_good.timesteps
        return f"stopped by {self.stop.name} at step {step:,}; everything is saved; {how}."


def about(config: Config) -> dict[str, Any]:
    """What a policy should say it was trained on."""
    return {
        "observation": config.race.observation,
        "actions": config.race.actions,
        "vehicle": config.race.vehicle,
        "track": Path(config.race.track).stem,
        "algo": config.train.algo,
    }


def describe(config: Config, race: Race) -> str:
    """One line for people: what is about to be trained."""
    engine = f"{race.reward.name} reward" if race.reward is not None else "no reward"
    return (
        f"{config.train.algo.upper()}, {race.n} cars on {race.track.name} "
        f"({race.track.length:.1f} m), {engine}, {config.train.timesteps:,} steps, "
        f"seed {config.train.seed}"
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
