"""Settings of a training: the algorithm, how long, how often it saves and evaluates."""

from __future__ import annotations

from dataclasses import dataclass

from racer.config.fields import check, setting

NETWORKS = ("small", "deepracer_shallow", "deepracer", "deepracer_deep")
SCHEDULES = ("constant", "linear", "cosine")
_BEST = "measured best"


@dataclass(frozen=True)
class TrainConfig:
    """How it is learned. None means: what is measured best for the algorithm."""

    algo: str = setting("ppo", "the algorithm: ppo or sac")
    timesteps: int = setting(1_000_000, "actions to learn from, over all cars", 1, 10**12)
    seed: int = setting(0, "seed of everything random: same seed, same run", 0, 2**31 - 1)
    device: str = setting(
        "auto",
        "where networks are computed, cuda:1 for the second GPU; auto is the CPU, faster for "
        "networks of this size",
        choices=("auto", "cpu", "cuda", "mps"),
        numbered=True,
    )
    threads: int = setting(1, "threads of torch; 1 is fastest for small networks", 1, 1024)
    num_envs: int | None = setting(None, "cars that train at once", 1, 65536, unset=_BEST)
    learning_rate: float | None = setting(
        None, "step size of the optimizer", 0.0, 10.0, unset=_BEST
    )
    learning_rate_schedule: str | None = setting(
        None,
        "how the learning rate falls from its start to learning_rate_end during the training",
        choices=SCHEDULES,
        unset="constant",
    )
    learning_rate_end: float | None = setting(
        None, "learning rate at the last step of a linear or cosine schedule", 0.0, 10.0, unset="0"
    )
    batch_size: int | None = setting(None, "steps in one minibatch", 1, 10**9, unset=_BEST)
    gamma: float | None = setting(
        None, "discount factor of future rewards, per step", 0.0, 1.0, unset=_BEST
    )
    gae_lambda: float | None = setting(
        None,
        "PPO: weight of long returns against the value network in advantages (GAE lambda)",
        0.0,
        1.0,
        unset=_BEST,
    )
    clip_range: float | None = setting(
        None,
        "PPO: how far one update may change the probability of an action, as a share of it",
        1e-6,
        10.0,
        unset=_BEST,
    )
    n_steps: int | None = setting(
        None, "PPO: steps per car between two updates", 1, 10**6, unset=_BEST
    )
    n_epochs: int | None = setting(
        None, "PPO: passes over the steps in one update", 1, 1000, unset=_BEST
    )
    ent_coef: float | None = setting(
        None, "weight of the policy's entropy: more is more exploration", 0.0, 10.0, unset=_BEST
    )
    action_std_start: float | None = setting(
        None,
        "PPO: standard deviation of the actions at the first step, in units of half their range; "
        "it then falls evenly on a logarithmic scale to action_std_end",
        1e-3,
        10.0,
        unset="learned",
    )
    action_std_end: float | None = setting(
        None, "PPO: standard deviation of the actions at the last step", 1e-3, 10.0, unset="learned"
    )
    off_track_wheels: tuple[int, ...] | None = setting(
        None,
        "wheels off the road that end an episode, in equal parts of the training: 2,2,3 is two for "
        "two thirds of it, then three; evaluations always end with four",
        1,
        4,
        unset="4, the official rule",
        count=(1, 8),
    )
    net_arch: tuple[int, ...] | None = setting(
        None,
        "widths of the hidden layers of the policy and value networks",
        1,
        4096,
        unset=_BEST,
        count=(1, 8),
    )
    buffer_size: int | None = setting(
        None, "SAC: how many of the last steps are learned from", 1000, 10**9, unset=_BEST
    )
    network: str | None = setting(
        None,
        "the network of a policy that sees pictures: small, or one of DeepRacer's three",
        choices=NETWORKS,
        unset="small for pictures, dense layers alone for numbers",
    )
    eval_every: int | None = setting(
        None,
        "steps between two evaluations that choose the best policy",
        1,
        10**12,
        unset="a tenth of timesteps",
    )
    eval_laps: int | None = setting(
        None,
        "laps driven in each evaluation that chooses the best policy",
        1,
        100_000,
        unset="3, or eval.laps where that is less",
    )
    sim_trace_cars: int = setting(
        1, "cars whose training episodes are written as DeepRacer sim-traces; 0 is none", 0, 65536
    )
    checkpoint_every_s: float = setting(
        30.0, "time between two checkpoints to resume from", 0.0, 1e9, unit="s"
    )
    keep_checkpoints: int | None = setting(
        None,
        "newest checkpoints that are kept, to resume from or to choose with --checkpoint STEP",
        1,
        100_000,
        unset="2 while training, 1 at its end",
    )
    time_limit_s: float = setting(
        0.0, "time after which learning stops; 0 is no limit", 0.0, 1e9, unit="s"
    )
    early_stop: bool = setting(False, "stop learning when completion and lap time have settled")

    def __post_init__(self) -> None:
        for name in ("net_arch", "off_track_wheels"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, tuple(getattr(self, name)))
        check(self, "train.")
