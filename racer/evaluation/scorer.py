"""Laps that a training drives: to choose between its policies, and to show one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from racer.config import RaceConfig
from racer.evaluation.drive import Drive, from_the_line
from racer.evaluation.result import Result
from racer.evaluation.several import Driver, drive_all
from racer.race import Rival, make_race, pack_of
from racer.tracks import Track, packs
from racer.tracks.start_line import of_seed
from racer.tracks.track import GENERATED

JUDGED, WORLDS = 16, 64  # tracks, and worlds of others, whose laps choose the best policy
JUDGED_SEED = 1_000_000_000  # of the first circuit; nobody trains there


def make_scorer(
    config: RaceConfig, *, laps: int = 5, opponents: Sequence[Rival] = ()
) -> Callable[[Driver], dict[str, float | None]]:
    """`evaluate` for choosing between policies while training: one race, no rewards, no trace.

    Of several tracks, `judged_on` are driven. Where episodes differ in what is on the road, WORLDS
    cars drive side by side, each among others of its own: laps of one world, whose boxes stay
    where they are, would choose what passes these. All learners of a world are judged. Lap times
    are then a geometric mean, so that a percent counts the same on every track.

    Returns:
        A function of a driver: {"completion_pct", "lap_time_s"}, the mean lap time or None.
    """
    if config.tracks is not None:
        tracks = judged_on(config)
        return _make_scorer_of_many(config, laps, tracks, len(tracks))
    others, each = config.others, config.others.in_world
    if (others.vary or others.learners > 1) and not others.rivals:
        tracks, worlds = pack_of(config).tracks, WORLDS // each
        if others.learners > 1:
            tracks = tuple(of_seed(tracks[0], k) for k in range(worlds))
        return _make_scorer_of_many(config, laps, tracks, worlds * each)
    settings, cars = from_the_line(config, continuous=True), config.others.in_world
    race = make_race(settings, cars, with_reward=False)

    def score(driver: Driver) -> dict[str, float | None]:
        race.seed(0)
        result = Drive(driver, race, laps, record=False, opponents=opponents).run()
        return {"completion_pct": result.completion_pct, "lap_time_s": result.mean_lap_s}

    return score


def make_recorder(
    config: RaceConfig, track: Track
) -> Callable[[Driver], tuple[float | None, np.ndarray]]:
    """For showing a policy while it learns: one lap from the line, without a reward.

    Returns:
        A function of a driver: seconds, None when it did not complete the lap, and (K,) TRACE.
    """
    settings = dataclasses.replace(from_the_line(config, continuous=True), tracks=None)
    race = make_race(settings, 1, with_reward=False, tracks=[track])

    def record(driver: Driver) -> tuple[float | None, np.ndarray]:
        race.seed(0)
        drive = Drive(driver, race, 1)
        lap = drive.run().laps[0]
        return lap.time_s if lap.complete else None, drive.trace().rows

    return record


def judged_on(config: RaceConfig) -> tuple[Track, ...]:
    """The tracks that choose the best policy of a training on several.

    Random circuits stand for roads that nobody has seen, so JUDGED circuits of other seeds choose,
    which the cars never train on. Of tracks of the user's own, JUDGED at equal distances in their
    order do, or all.
    """
    parts = [part.strip() for part in (config.tracks or "").split(",")]
    if all(part.startswith(GENERATED) for part in parts):
        return packs.load(f"{GENERATED}{JUDGED}:{JUDGED_SEED}").tracks
    tracks = pack_of(config).tracks
    count = min(JUDGED, len(tracks))
    return tuple(tracks[i * len(tracks) // count] for i in range(count))


def _make_scorer_of_many(
    config: RaceConfig, laps: int, tracks: Sequence[Track], cars: int
) -> Callable[[Driver], dict[str, float | None]]:
    settings = from_the_line(config, continuous=True)
    race = make_race(settings, cars, with_reward=False, tracks=tracks)

    def score(driver: Driver) -> dict[str, float | None]:
        result = Result.on(drive_all(driver, race, laps))
        times = result.lap_times_s
        mean = float(np.exp(np.mean(np.log(times)))) if times else None
        return {"completion_pct": result.completion_pct, "lap_time_s": mean}

    return score
