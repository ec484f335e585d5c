"""The process that judges: it drives a submitted policy on the track of a race.

A policy is numbers. No reward is read or executed here, and the laps are those of `racer evaluate
FOLDER --track T --rules deepracer`: the same bits on the same machine. Tasks come on stdin, a JSON
object a line; each is answered with one. It ends with the server.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from racer.errors import RacerError
from racer.evaluation.protocol import Protocol, protocol

LAPS = "race.npz"  # the recording, in the folder of the submission


def rules_of(race: Mapping[str, Any]) -> Protocol:
    """The rules of the clock of a race.

    Raises:
        BadConfig: a number outside its range.
    """
    penalty, laps = float(race["penalty_s"]), int(race["laps"])
    return protocol(
        "deepracer",
        laps=laps,
        min_laps=laps,
        resets=int(race["resets"]),
        ranking=str(race["ranking"]),
        off_track_penalty_s=penalty,
        reversed_penalty_s=penalty,
    )


def judged(folder: Path, race: Mapping[str, Any]) -> dict[str, Any]:
    """Drive the policy of a run folder; its recording is written there.

    Raises:
        BadRun, BadTrack, BadConfig: what cannot be judged, in a sentence.
    """
    from racer.evaluation import time_trial
    from racer.policy import Policy
    from racer.runs import Run

    config = Run(folder).config().override({"race.track": str(race["track"])})
    rules, policy = rules_of(race), Policy.load(folder)
    result, trace = time_trial(policy, config.race, rules, with_reward=False)
    trace.save(folder / LAPS)
    return result.to_json()


def main() -> None:
    """Answer every task."""
    from racer.process import parent

    parent.die_with(os.getppid())
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what anything prints is no answer
    for line in sys.stdin:
        task = json.loads(line)
        try:
            answer: dict[str, Any] = {"result": judged(Path(task["folder"]), task)}
        except RacerError as error:
            answer = {"failed": str(error)}
        answers.write(json.dumps(answer | {"entry": task["entry"]}) + "\n")
        answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
