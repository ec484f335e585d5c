"""What a training ends with, in its run: evaluation laps and pictures."""

from __future__ import annotations

import dataclasses

from racer import console
from racer.config import Config
from racer.evaluation import Result, evaluate, optimal
from racer.policy import Policy
from racer.recording.trace import Trace
from racer.reward.function import RewardFunction
from racer.runs import Run
from racer.storage import files
from racer.training import opponents
from racer.training.metrics import read_columns

log = console.log(__name__)


def evaluate_run(
    run: Run, policy: Policy, config: Config, reward: RewardFunction | None = None
) -> Result:
    """Drive the evaluation laps of `config` and keep result and laps in the run."""
    rivals = opponents.load(config.race, run.folder.parent)
    result, trace = evaluate(
        policy, config.race, laps=config.eval.laps, reward=reward, opponents=rivals
    )
    title = f"{run.name}, on {trace.track.name}" if result.tracks else run.name
    meta = {"title": title, "reward": run.config().race.reward}  # as named, not our copy
    trace = dataclasses.replace(trace, meta=trace.meta | meta)
    with files.disk_errors(str(run.folder)):
        trace.save(run.laps_file)
        files.write_json(run.evaluation_file, result.to_json())
    return result


def draw(run: Run) -> None:
    """Pictures of the laps and of the learning curve; a run is whole without them.

    What fails here is a warning: a plotting library that cannot be loaded or has no room must not
    cost an hour of training.
    """
    for name, picture in (("laps.png", _draw_laps), ("curve.png", _draw_curve)):
        try:
            picture(run)
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            log.warning("no picture %s: %s", run.folder / name, reason)


def _draw_laps(run: Run) -> None:
    from racer.render.figures import laps_picture

    trace = Trace.load(run.laps_file)
    share = optimal.compare(run.config().race, trace)
    notes = share.text().splitlines() if share and share.references else []
    best = share.best if share else None
    laps_picture(trace, run.folder / "laps.png", best=best, notes=notes)


def _draw_curve(run: Run) -> None:
    from racer.render.figures import curve_picture

    columns = read_columns(run.metrics_file)
    curve_picture(
        {
            "steps": columns["timesteps"],
            "completion_pct": columns["progress_pct"],
            "lap_time_s": columns["lap_time_s"],
            "reward": columns["return"],
        },
        run.folder / "curve.png",
    )
