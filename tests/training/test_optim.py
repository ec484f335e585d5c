"""Optimizers without torch's compiler: the same bits, and seconds earlier."""

import subprocess
import sys

import torch

from racer.training import optim

TRAIN = """
import sys
from racer.training import algorithms
from racer.config import RaceConfig, TrainConfig
from racer.race import make_race
from racer.envs.sb3 import RacerVecEnv

config = TrainConfig(num_envs=4, n_steps=16, batch_size=32)
env = RacerVecEnv(make_race(RaceConfig(reward_engine="inprocess"), 4))
algorithms.build(config, env).learn(128)
print("torch._dynamo" in sys.modules)
"""


def test_a_training_does_not_import_the_compiler():
    done = subprocess.run(
        [sys.executable, "-c", TRAIN], capture_output=True, text=True, timeout=600, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_step_is_torch_s_own():
    def trained(step):
        torch.manual_seed(0)
        net = torch.nn.Linear(5, 3)
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-2, eps=1e-5)
        for _ in range(20):
            optimizer.zero_grad()
            net(torch.randn(8, 5)).square().sum().backward()
            step(optimizer)
        return net.weight

    assert torch.equal(trained(optim.step), trained(lambda optimizer: optimizer.step()))
