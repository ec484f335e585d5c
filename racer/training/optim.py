"""torch's optimizers without its compiler.

The first call of any optimizer imports `torch._dynamo`, which takes seconds, to tell the compiler
that it must not compile that call. Nothing here is compiled.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import torch


def spare_compiler() -> None:
    """Let optimizers be made, read and cleared without the import; `step` does the same for steps.

    torch keeps what the compiler answered in an attribute of each function; here the answer is the
    function itself. tests/test_optim.py says so if a later torch keeps it elsewhere.
    """
    for method in vars(torch.optim.Optimizer).values():
        if inspect.isfunction(method) and hasattr(method, "__wrapped__"):
            plain = inspect.unwrap(method)
            setattr(plain, "__dynamo_disable", plain)


def spare_steps(model: Any) -> None:
    """Let the optimizer of an SB3 PPO model do its steps by `step`."""
    optimizer = model.policy.optimizer
    optimizer.step = functools.partial(step, optimizer)


def step(optimizer: torch.optim.Optimizer) -> None:
    """`optimizer.step()`, to the bit."""
    with torch.no_grad():
        inspect.unwrap(type(optimizer).step)(optimizer)
