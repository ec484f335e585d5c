"""Copy a run to object storage or another disk; it appears there whole or not at all."""

from __future__ import annotations

import argparse

from racer.cli.parser import add_run

URL_HELP = "s3://, gs:// or az:// with bucket and folder (pip install 'racer[cloud]'), or a folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer push`."""
    add_run(parser)
    parser.add_argument("url", metavar="URL", help=URL_HELP)


def run(args: argparse.Namespace) -> None:
    """Send what is not there yet."""
    from racer import console
    from racer.release import remote
    from racer.runs import Run
    from racer.runs.summary import say

    sent = remote.push(Run.open(args.run, args.runs_dir), args.url, say=console.say)
    there = f", {sent.there} were there already" if sent.there else ""
    say(f"pushed {sent.url}: {sent.size} bytes; {sent.sent} files sent{there}")
