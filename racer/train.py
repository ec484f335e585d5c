"""Train: from a Config to a run folder that holds everything the training made."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from racer import algos, files, reward
from racer.callbacks import Metrics, Watch
from racer.config import Config
from racer.evaluate import Result, evaluate
from racer.policy import FILE as POLICY_FILE
from racer.policy import Policy, from_model
from racer.race import Race, make_race
from racer.runs import Run
from racer.tracks import Track
from racer.vec_env import RacerVecEnv

RUNS = Path("runs")


def train(
    config: Config,
    *,
    runs_dir: Path = RUNS,
    tags: Sequence[str] = (),
    quiet: bool = False,
) -> tuple[Run, Result]:
    """Learn, evaluate, and keep it all in a new folder of `runs_dir`.

    Args:
        config: every setting.
        runs_dir: where runs live.
        tags: words to find the run by.
        quiet: print nothing while learning.

    Returns:
        The run, and the result of driving `config.eval.laps` laps with what was learned.

    Raises:
        RacerError: anything the user can fix; nothing half-written stays behind.
    """
    race = make_race(config.race, algos.num_envs(config.train), seed=config.train.seed)
    run = create_run(config, race.track, runs_dir, tags)
    with run.lock():
        if race.reward is not None:
            race.reward.failure_folder = run.folder
        env = RacerVecEnv(race)
        try:
            if not quiet:
                _say(f"{run.folder}: {describe(config, race)}")
            model, metrics = learn(config, env, run, quiet=quiet)
        finally:
            env.close()
        policy = from_model(model, about(config))
        policy.save(run.folder / POLICY_FILE)
        metrics.save(run.metrics_file)
        result = evaluate_run(run, policy, config)
        draw_curve(run, metrics)
        run.record(status="finished")
        run.seal()
    return run, result


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
            "reward": {"name": Path(config.race.reward).stem},
            "command": sys.argv,
        },
        tags=tags,
    )


def learn(config: Config, env: RacerVecEnv, run: Run, *, quiet: bool) -> tuple[Any, Metrics]:
    """Train a new model for `config.train.timesteps`; metrics and TensorBoard go to the run."""
    from stable_baselines3.common.logger import configure

    model = algos.build(config.train, env)
    model.set_logger(configure(str(run.tensorboard), ["tensorboard"]))
    metrics = Metrics()
    watch = Watch(env, metrics, config.train.timesteps, quiet=quiet)
    model.learn(config.train.timesteps, callback=watch)
    metrics.sample(model.num_timesteps, watch.losses())
    return model, metrics


def evaluate_run(run: Run, policy: Policy, config: Config) -> Result:
    """Drive the evaluation laps of `config` and keep result, laps and their picture in the run."""
    from racer.render.pictures import laps_picture

    result, trace = evaluate(policy, config.race, laps=config.eval.laps)
    trace = dataclasses.replace(trace, meta={"title": run.name, "reward": config.race.reward})
    with files.disk_errors(str(run.folder)):
        trace.save(run.laps_file)
        files.write_json(run.evaluation_file, result.to_json())
        laps_picture(trace, run.laps_image)
    return result


def draw_curve(run: Run, metrics: Metrics) -> None:
    """The learning curve, as a picture in the run."""
    from racer.render.pictures import curve_picture

    columns = metrics.columns()
    with files.disk_errors(str(run.curve_image)):
        curve_picture(
            {
                "steps": columns["timesteps"],
                "completion_pct": columns["progress_pct"],
                "lap_time_s": columns["lap_time_s"],
                "reward": columns["return"],
            },
            run.curve_image,
        )


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


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
