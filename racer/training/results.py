"""What a training ends with, in its run: evaluation laps, their picture, the learning curve."""

from __future__ import annotations

import dataclasses

from racer.config import Config
from racer.deepracer import run_files
from racer.evaluation import Result, evaluate
from racer.policy import Policy
from racer.runs import Run
from racer.storage import files
from racer.training.listeners.metrics import Metrics


def evaluate_run(run: Run, policy: Policy, config: Config, *, picture: bool = True) -> Result:
    """Drive the evaluation laps of `config` and keep result, laps and their picture in the run."""
    from racer.render.figures import laps_picture

    result, trace = evaluate(policy, config.race, laps=config.eval.laps)
    meta = {"title": run.name, "reward": run.config().race.reward}  # as named, not our copy
    trace = dataclasses.replace(trace, meta=trace.meta | meta)
    with files.disk_errors(str(run.folder)):
        trace.save(run.laps_file)
        files.write_json(run.evaluation_file, result.to_json())
        if picture:
            laps_picture(trace, run.folder / "laps.png")
    run_files.write_model(run.folder, config)
    run_files.write_evaluation(run.folder, config, trace)
    return result


def draw_curve(run: Run, metrics: Metrics) -> None:
    """The learning curve, as a picture in the run."""
    from racer.render.figures import curve_picture

    columns, path = metrics.columns(), run.folder / "curve.png"
    with files.disk_errors(str(path)):
        curve_picture(
            {
                "steps": columns["timesteps"],
                "completion_pct": columns["progress_pct"],
                "lap_time_s": columns["lap_time_s"],
                "reward": columns["return"],
            },
            path,
        )
