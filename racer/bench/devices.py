"""Where to train: threads of the CPU against a GPU, by the time to the same completion.

Steps a second do not decide it: a device may step faster and need more steps for larger batches. So
each choice trains the same task with the same settings until 95 % of the last 100 episodes were
laps. Energy is read from counters: that of Intel's and newer AMD's CPUs (RAPL), where Linux lets
this user read it, which counts the whole socket; and that of an NVIDIA GPU, where
nvidia-ml-py is installed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer.bench.training import FOREVER, GOAL_PCT, Clock, median
from racer.config import Config, RaceConfig, TrainConfig
from racer.envs.sb3 import RacerVecEnv
from racer.race import make_race
from racer.training import algorithms

HEADER = (
    "observation",
    "device",
    "threads",
    "steps/s",
    "first lap, s",
    f"to {GOAL_PCT:.0f} % of laps, s",
    "min..max",
    "CPU s",
    "energy, J",
    "price",
)
_RAPL = Path("/sys/class/powercap/intel-rapl:0")
_CLEAR = 1.2  # times: a smaller difference between medians is not called one


@dataclass(frozen=True)
class Choice:
    """Where a training runs."""

    observation: str
    device: str  # cpu, cuda, mps
    threads: int

    @property
    def text(self) -> str:
        """For people."""
        if self.device != "cpu":
            return self.device
        return f"cpu with {self.threads} thread{'s' if self.threads > 1 else ''}"


@dataclass(frozen=True)
class Measured:
    """One training. Seconds count from the first step; None means never.

    `energy_j` has what the counters of "CPU" and "GPU" say, of those that can be read.
    """

    choice: Choice
    seed: int
    steps: int
    wall_s: float
    cpu_s: float
    first_lap_s: float | None
    goal_s: float | None
    energy_j: dict[str, float]


def gpus() -> list[str]:
    """What torch can compute on beside the CPU."""
    import torch

    found = ["cuda"] if torch.cuda.is_available() else []
    return found + (["mps"] if torch.backends.mps.is_available() else [])


def choices(observations: Sequence[str], threads: Sequence[int] = ()) -> list[Choice]:
    """Each number of threads, then each GPU; for each observation.

    Args:
        observations: what policies see.
        threads: of the CPU; by default powers of two up to the number of CPUs.
    """
    cores = os.cpu_count() or 1
    counts = threads or [2**power for power in range(cores.bit_length())]
    return [
        choice
        for name in observations
        for choice in (
            *(Choice(name, "cpu", count) for count in counts),
            *(Choice(name, gpu, 1) for gpu in gpus()),
        )
    ]


def measure(
    race: RaceConfig,
    given: Sequence[Choice],
    *,
    seeds: int,
    limit_s: float,
    tell: Callable[[str], None],
) -> list[Measured]:
    """Train with each choice and seed, in turns, so that a busy minute hits all alike.

    Args:
        race: what is learned; its observation is replaced.
        given: where.
        seeds: trainings of each.
        limit_s: a training that has not arrived by then never does.
        tell: hears a line for each training.
    """
    import torch

    found, threads = [], torch.get_num_threads()
    try:
        for seed in range(seeds):
            for choice in given:
                one = _train(race, choice, seed, limit_s)
                found.append(one)
                when = "never" if one.goal_s is None else f"after {one.goal_s:.1f} s"
                tell(f"{choice.observation}, {choice.text}, seed {seed}: {when}")
    finally:
        torch.set_num_threads(threads)
    return found


def rows(found: Sequence[Measured], prices: Mapping[str, float]) -> list[list[str]]:
    """One line per choice: medians over its seeds.

    Args:
        found: all trainings.
        prices: device → what an hour of it costs.
    """
    lines = []
    for choice in dict.fromkeys(one.choice for one in found):
        group = [one for one in found if one.choice == choice]
        times = [_time(one) for one in group]
        price = prices.get(choice.device)
        middle = statistics.median_high(times)
        lines.append(
            [
                choice.observation,
                choice.device,
                str(choice.threads),
                f"{statistics.median(one.steps / one.wall_s for one in group):,.0f}",
                median([one.first_lap_s for one in group]),
                _seconds(middle),
                f"{_seconds(min(times))}..{_seconds(max(times))}",
                f"{statistics.median(one.cpu_s for one in group):.1f}",
                _energy([one.energy_j for one in group]),
                "" if price is None or middle == _NEVER else f"{price * middle / 3600:.2g}",
            ]
        )
    return lines


def advice(found: Sequence[Measured]) -> list[str]:
    """What to use when, for each observation; and what is not known."""
    lines = []
    for name in dict.fromkeys(one.choice.observation for one in found):
        times: dict[Choice, float] = {}
        for choice in dict.fromkeys(one.choice for one in found):
            if choice.observation == name:
                mine = [_time(one) for one in found if one.choice == choice]
                times[choice] = statistics.median_high(mine)
        lines.append(_advice(name, times))
    if not {one.choice.device for one in found} - {"cpu"}:
        lines.append(
            "No GPU that torch can use is here, so nothing is known of one. Run this on a machine "
            "that has one before you rent it."
        )
    return lines


def to_json(found: Sequence[Measured]) -> list[dict[str, Any]]:
    """Every training."""
    return [dataclasses.asdict(one) for one in found]


_NEVER = float("inf")


def _advice(name: str, times: Mapping[Choice, float]) -> str:
    best = min(times, key=lambda choice: times[choice])
    if times[best] == _NEVER:
        return f"{name}: none arrived in time; give --seconds more, or another reward or track."
    slower = [choice for choice in times if times[choice] > _CLEAR * times[best]]
    alike = [choice for choice in times if choice != best and choice not in slower]
    # Of those that take about as long, the fewest threads: the other cores train other seeds.
    use = min([best, *alike], key=lambda one: (one.device != "cpu", one.threads))
    text = f"{name}: use {use.text}, {times[use]:.1f} s."
    if alike:
        others = ", ".join(one.text for one in times if one != use and one not in slower)
        text += f" {others}: no clear difference, so let the other cores train other seeds."
    for one in slower:
        much = "never arrived" if times[one] == _NEVER else f"{times[one] / times[use]:.1f} times"
        text += f" {one.text}: {much}{'' if times[one] == _NEVER else ' as long'}."
    return text


def _train(race_config: RaceConfig, choice: Choice, seed: int, limit_s: float) -> Measured:
    race = dataclasses.replace(race_config, observation=choice.observation)
    config = TrainConfig(seed=seed, device=choice.device, threads=choice.threads)
    config = algorithms.with_network(Config(race, config)).train
    env = RacerVecEnv(make_race(race, algorithms.num_envs(config), seed=seed))
    try:
        model = algorithms.build(config, env)
        clock = Clock(env, limit_s, at_goal=True)
        before = _counters_j(choice.device)
        model.learn(FOREVER, callback=clock)
        after = _counters_j(choice.device)
        return Measured(
            choice,
            seed,
            model.num_timesteps,
            clock.wall_s,
            clock.cpu_s,
            clock.first_lap_s,
            clock.goal_s,
            {part: (after[part] - before[part]) % _range_j(part) for part in before},
        )
    finally:
        env.close()


def _counters_j(device: str) -> dict[str, float]:
    """Where the counters stand that can be read, J: the CPU's, and of cuda the first GPU's."""
    found = {}
    with contextlib.suppress(OSError, ValueError):
        found["CPU"] = int((_RAPL / "energy_uj").read_text()) / 1e6
    if device == "cuda":
        with contextlib.suppress(Exception):  # no nvidia-ml-py, or a driver that does not count
            import pynvml

            pynvml.nvmlInit()
            gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
            found["GPU"] = pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu) / 1e3
    return found


def _range_j(part: str) -> float:
    """Where a counter begins again; the GPU's never does."""
    if part == "CPU":
        with contextlib.suppress(OSError, ValueError):
            return int((_RAPL / "max_energy_range_uj").read_text()) / 1e6
    return _NEVER


def _energy(found: Sequence[Mapping[str, float]]) -> str:
    """Medians of what was read, e.g. `CPU 120 GPU 310`."""
    parts = [part for part in ("CPU", "GPU") if all(part in one for one in found)]
    texts = [f"{part} {statistics.median(one[part] for one in found):.0f}" for part in parts]
    return " ".join(texts) or "not read"


def _time(one: Measured) -> float:
    return _NEVER if one.goal_s is None else one.goal_s


def _seconds(value: float) -> str:
    return "never" if value == _NEVER else f"{value:.1f}"
