"""The whole story on one screen: write a reward, train a car on it, see it drive.

    python train_agent.py --reward rewards/mine.py --track oval --timesteps 300000 --seed 3 --watch

`racer train` is the same with a shorter name; `--help` lists every option.
"""

from __future__ import annotations

import sys

from racer.cli import Parser, guarded
from racer.cli.settings import config_of
from racer.cli.train import add_settings, check_first, report, steady_output, watch


def main() -> int:
    """Config, race, model, learn, evaluate, report."""
    parser = Parser(description=__doc__.splitlines()[0])
    add_settings(parser)
    args = parser.parse_args()

    # 1. Settings: what to drive (config.race), how to learn (.train), how to judge (.eval).
    config = config_of(args)
    check_first(config, watch=args.watch)

    # 2. A Race of many cars becomes an SB3 environment, a model learns on it, and the run folder
    #    keeps settings, reward, metrics and weights. 3. The deterministic policy then drives
    #    evaluation laps from the start line: the result, never the training reward, is the score.
    #    Open racer/training/train.py to read these steps; it is written to be read.
    from racer import train

    with steady_output():  # training goes on when the terminal is gone
        run, result = train(config, runs_dir=args.runs_dir, tags=args.tag)

        # 4. What came out, where it is, and how to see it.
        report(run, result)
    if args.watch:
        watch(run)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
