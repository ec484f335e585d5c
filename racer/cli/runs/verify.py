"""Check that every file of a run is as it was written; exit code 3 when one is not."""

from __future__ import annotations

import argparse

from racer.cli.parser import add_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer runs verify`."""
    add_run(parser)


def run(args: argparse.Namespace) -> None:
    """Compare every file with its hash in the manifest."""
    from racer.errors import BadRun
    from racer.runs import Run
    from racer.runs.summary import say
    from racer.training import checkpoint

    found = Run.open(args.run, args.runs_dir)
    problems = found.damaged()
    kept = checkpoint.verify(found.checkpoints)
    problems += [f"{name}: {text}" for name, texts in kept.items() for text in texts]
    if problems:
        raise BadRun(
            f"{found.folder} is damaged: {'; '.join(problems)}. Copy it again from where it came "
            "from, or use another run."
        )
    sealed = len(found.manifest().get("files", {}))
    say(f"{found.folder}: {sealed} files and {len(kept)} checkpoints are as they were written")
