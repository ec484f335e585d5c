"""Train: from a Config to a run folder that holds everything the training made."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from racer import actions, console, reward
from racer.config import Config
from racer.envs.sb3 import RacerVecEnv
from racer.errors import Diverged, RacerError, RewardFailed, Stopped
from racer.evaluation import Result, make_scorer
from racer.policy import FILE as POLICY_FILE
from racer.policy import Policy, into_model
from racer.process import memory as process_memory
from racer.process.signals import Stop, graceful_stop
from racer.race import Race, Rival, make_race, pack_of
from racer.reward.function import RewardFunction, as_file, name_of
from racer.runs import RUNS, Run
from racer.storage import files
from racer.tracks import Track
from racer.training import algorithms, cars, checkpoint, memory, opponents, roads
from racer.training.judging import Judging
from racer.training.listener import Listener, Listeners
from racer.training.loop import Halt, Loop, metrics_to_go_on
from racer.training.margin import check_off_track_wheels
from racer.training.metrics import Metrics
from racer.training.profile import profiled
from racer.training.results import draw, evaluate_run
from racer.training.state import State, restore

JUDGE_LAPS = 3  # to choose between policies while training; one from standstill, two flying
log = console.log(__name__)


def train(
    config: Config,
    *,
    runs_dir: Path = RUNS,
    tags: Sequence[str] = (),
    parent: Run | None = None,
    parent_checkpoint: str = "",
    listeners: Sequence[Listener] = (),
    profile: bool = False,
    reward_engine: str = "",
    function: RewardFunction | None = None,
    pictures: bool = True,
) -> tuple[Run, Result]:
    """Learn, evaluate, and keep it all in a new folder of `runs_dir`.

    Args:
        config: every setting.
        runs_dir: where runs live.
        tags: words to find the run by.
        parent: the run whose weights to start from; None starts from random ones.
        parent_checkpoint: which of its policies: "best", "last" or a step; see `policy_of`.
        listeners: told what happens, in this order; without them nothing shows progress and
            nothing is kept to go on from. `racer.api.train` has those that a run has by default.
        profile: print where the time of learning went.
        reward_engine: what runs the reward in place of what `config` says, which the run keeps;
            the choice never changes a value.
        function: the reward, in place of the file that `config` names.
        pictures: draw laps.png and curve.png at the end, which takes half a second of CPU.

    Returns:
        The run, and the result of driving `config.eval.laps` laps with the best policy.

    Raises:
        Stopped: a signal came; everything is saved and `racer train --resume` goes on.
        RacerError: anything the user can fix; nothing half-written stays behind.
    """
    config = algorithms.with_network(config)
    weights = None if parent is None else checkpoint.policy_of(parent.folder, parent_checkpoint)
    everyone = Listeners(listeners)
    algorithms.check_actions(config)
    check_off_track_wheels(config)
    with graceful_stop() as stop:
        pack = pack_of(config.race)
        for why in pack.left_out:
            log.warning("left out: %s", why)
        for what in actions.unused(config.race.actions, config.race.observation):
            log.warning("%s", what)
        race = _race_of(config, pack.tracks, reward_engine, function)
        rivals = opponents.load(config.race, runs_dir)
        run = create_run(config, pack.tracks, runs_dir, tags, function)
        session = Session(
            run,
            config,
            race,
            stop,
            listeners=everyone,
            profile=profile,
            function=function,
            rivals=rivals,
            pictures=pictures,
        )
        with _removed_if_refused(session), run.lock():
            if parent is not None:
                _record_parent(run, parent, parent_checkpoint)
            return session.learn(weights)


def _race_of(
    config: Config, tracks: Sequence[Track], reward_engine: str, function: RewardFunction | None
) -> Race:
    """The race to learn in, which this machine has room for."""
    cars = algorithms.num_envs(config.train) * (1 + len(config.race.others.rivals))
    driven = config.race
    if reward_engine:
        driven = dataclasses.replace(driven, reward_engine=reward_engine)
    race = make_race(driven, cars, seed=config.train.seed, tracks=tracks, reward=function)
    algorithms.check_observation(race.observation_space)
    memory.check(config, race)
    return race


@contextlib.contextmanager
def _removed_if_refused(session: Session) -> Iterator[None]:
    """Remove the run's folder when the session never began."""
    try:
        yield
    except RacerError:
        if not session.started:
            with contextlib.suppress(OSError):
                files.remove_folder(session.run.folder)
        raise


def _record_parent(run: Run, parent: Run, parent_checkpoint: str) -> None:
    about = {"name": parent.name, "created": parent.manifest()["created"]}
    if parent_checkpoint:
        about["checkpoint"] = parent_checkpoint
    run.record(parent=about)


def create_run(
    config: Config,
    tracks: Sequence[Track],
    runs_dir: Path,
    tags: Sequence[str],
    function: RewardFunction | None = None,
) -> Run:
    """A new run folder with the settings and a copy of the reward."""
    source = as_file(function) if function else reward.load(config.race.reward)
    where = roads.recorded(config.race, tracks)
    several = config.race.tracks is not None
    return Run.create(
        runs_dir,
        (Path(config.race.reward).stem, f"{len(tracks)}_tracks" if several else tracks[0].name),
        texts={"config.toml": config.to_toml(), **source.copies()},
        manifest={
            "seed": config.train.seed,
            "algo": config.train.algo,
            **where,
            **cars.recorded(config.race),
            "reward": about_reward(config.race.reward, source, function),
            "command": sys.argv,
        },
        tags=tags,
    )


def named(config: Config, function: RewardFunction | None) -> Config:
    """`config` with the name of the function, if there is one, in place of a file's."""
    if function is None:
        return config
    return dataclasses.replace(
        config, race=dataclasses.replace(config.race, reward=name_of(function))
    )


class Session:
    """One stretch of learning in a run whose lock is held, from the first step or a checkpoint.

    Args:
        run: where everything is kept.
        config: every setting.
        race: the cars; owned from now on.
        stop: set by a signal.
        listeners: told what happens.
        profile: print where the time of learning went.
        function: the reward of `race`, if that is no file.
        pictures: draw some at the end.
    """

    def __init__(
        self,
        run: Run,
        config: Config,
        race: Race,
        stop: Stop,
        *,
        listeners: Listeners,
        profile: bool = False,
        function: RewardFunction | None = None,
        rivals: Sequence[Rival] = (),
        pictures: bool = True,
    ) -> None:
        self.function, self.pictures = function, pictures
        self.run, self.config, self.stop, self.profile = run, config, stop, profile
        if race.reward is not None:
            race.reward.failure_folder = run.folder
        self.rivals = rivals
        self.env = RacerVecEnv(race, rivals=rivals)
        self.metrics = Metrics()
        self.listeners = listeners
        self.started = False  # whether there is something to go on with

    def learn(self, weights: Policy | None = None) -> tuple[Run, Result]:
        """Train from the first step, with new weights or with given ones."""

        def begin(model: Any, _loop: Loop) -> None:
            if weights is not None:
                into_model(opponents.among(weights, self.config.race), model)

        return self._run(begin)

    def go_on(self, state: State) -> tuple[Run, Result]:
        """Train from a checkpoint as if there had been no break."""
        facts = metrics_to_go_on(state, self.config.train.timesteps)
        self.metrics = Metrics.load(self.run.metrics_file, facts)
        self.listeners.load_from(state)

        def begin(model: Any, loop: Loop) -> None:
            restore(state, model)
            loop.resume(state)

        return self._run(begin)

    def _run(self, begin: Callable[[Any, Loop], None]) -> tuple[Run, Result]:
        result: Result | None = None
        try:
            algorithms.device(self.config.train.device)  # refused before anything is announced
            self.listeners.start(self.run, self.env.race)
            model, loop = self._build()
            begin(model, loop)
            self.run.record(status="training")
            self.started = True
            with profiled(model, self.env.race) if self.profile else nullcontext() as profile:
                ended_by = self._learn(model, loop)
            if profile is not None:
                console.say(profile.table())
            result = self._result(loop)
            return self._close(loop, result, ended_by)
        except Diverged:
            self._note("diverged")
            raise
        except Stopped:
            raise
        except RacerError:
            self._note("failed")
            raise
        except (MemoryError, RuntimeError) as error:
            if not process_memory.ran_out(error):
                raise
            short = process_memory.shortage(error)
            self._note("failed")
            raise short from error
        finally:
            self.env.close()
            if result is None:
                self.listeners.end(None)

    def _build(self) -> tuple[Any, Loop]:
        model = algorithms.build(self.config.train, self.env)
        laps = self.config.train.eval_laps or min(JUDGE_LAPS, self.config.eval.laps)
        judge = make_scorer(self.config.race, laps=laps, opponents=self.rivals)
        loop = Loop(
            self.run,
            self.config.train,
            self.env,
            metrics=self.metrics,
            judging=Judging(self.run, self.config.train, judge),
            listeners=self.listeners,
            stop=self.stop,
            about=about(self.config),
        )
        model.set_logger(loop.logger_for())
        return model, loop

    def _learn(self, model: Any, loop: Loop) -> str:
        """Until the timesteps are reached; returns why it ended."""
        total = self.config.train.timesteps
        left, fresh = max(0, total - model.num_timesteps), model._last_obs is None
        try:
            model.learn(left, callback=loop, reset_num_timesteps=fresh)
        except Halt as halt:
            return halt.why
        except RewardFailed as error:
            raise loop.rescued(error) from error
        except (MemoryError, RuntimeError) as error:
            if not process_memory.ran_out(error):
                raise
            raise loop.rescued(process_memory.shortage(error)) from error
        except ValueError as error:
            # torch's distributions notice NaN in the middle of an update.
            raise loop.diverged("the policy's output") if loop.poisoned() else error from error
        if left:  # else it ended after its last checkpoint, before its result
            loop.finish()
        return "timesteps"

    def _result(self, loop: Loop) -> Result:
        """Drive the evaluation laps with the best policy and keep both."""
        self._warn_if_changed()
        policy = loop.best_policy()
        policy.save(self.run.folder / POLICY_FILE)
        self.metrics.save(self.run.metrics_file)
        return evaluate_run(self.run, policy, self.config, self.function)

    def _close(self, loop: Loop, result: Result, ended_by: str) -> tuple[Run, Result]:
        """Say how it ended, to listeners, in the manifest and, after a signal, to the user."""
        stopped = ended_by == self.stop.name
        # Who stops still wants to watch; drawing takes longer than someone stopping will wait.
        if self.pictures and not stopped:
            draw(self.run)
        self.listeners.end(result)
        status = "stopped" if stopped else "finished"
        self.run.record(status=status, ended_by=ended_by, best=loop.judging.best)
        self.run.seal()
        if self.stop:  # it ended the training, or came while the result was made
            raise Stopped(self._sentence(loop, stopped), self.stop.exit_code)
        return self.run, result

    def _warn_if_changed(self) -> None:
        if self.function is not None:
            return
        with contextlib.suppress(RacerError, OSError):
            now = reward.load(self.config.race.reward).sha256
            if now != reward.load(self.run.reward_file).sha256:
                name = self.config.race.reward
                log.warning("the reward %s changed; trained with %s.", name, self.run.reward_file)

    def _note(self, status: str) -> None:
        with contextlib.suppress(RacerError, MemoryError):  # disk or memory may be what failed
            self.run.record(status=status)

    def _sentence(self, loop: Loop, unfinished: bool) -> str:
        how = f"go on: {self.run.resumed_by}" if unfinished else "it was finished"
        step = loop.num_timesteps if loop.last_good is None else loop.last_good.timesteps
        return f"stopped by {self.stop.name} at step {step:,}; everything is saved; {how}."


def about(config: Config) -> dict[str, Any]:
    """What a policy should say it was trained on."""
    return {
        "observation": config.race.observation,
        "actions": config.race.actions,
        "vehicle": config.race.vehicle,
        "track": config.race.tracks or Path(config.race.track).stem,
        "algo": config.train.algo,
    }


def about_reward(
    name: str, file: reward.RewardFile, function: RewardFunction | None = None
) -> dict[str, Any]:
    """What the manifest says of a reward: its name, its hash, and those of files beside it."""
    found: dict[str, Any] = {"name": Path(name).stem, "sha256": _sha256(file.source.encode())}
    if file.beside.files:
        found["files"] = {at: _sha256(raw) for at, raw in file.beside.files.items()}
    if function is not None:
        found["function"] = name_of(function)
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
