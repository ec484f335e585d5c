"""Answer over HTTP what a policy would do; needs pip install 'racer[serve]'."""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.cli.parser import add_checkpoint, add_runs_dir, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer serve`."""
    parser.add_argument(
        "run",
        metavar="RUN|FILE.onnx",
        help="a run folder, its name, `latest`, or a file of racer export --onnx",
    )
    add_runs_dir(parser)
    add_checkpoint(parser, "the policy to serve: best, last, or a step (default: the run's result)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on (default: 127.0.0.1, this machine alone); any other needs a "
        "token in the environment variable RACER_TOKEN",
    )
    parser.add_argument(
        "--port", type=whole, default=8000, help="the port; 0 takes a free one (default: 8000)"
    )
    parser.add_argument(
        "--log",
        type=Path,
        metavar="FILE",
        help="write a line for each answer: what was seen and done; 64 MB at most, in FILE and "
        "FILE.1 to FILE.3",
    )


def run(args: argparse.Namespace) -> None:
    """Serve until a signal comes."""
    from racer.errors import UsageError
    from racer.serve.server import serve

    if not 0 <= args.port < 2**16:
        raise UsageError(f"--port {args.port}; allowed is 0 to 65535.")
    if args.checkpoint and Path(args.run).suffix == ".onnx":
        raise UsageError("--checkpoint belongs to a run; an ONNX file holds one policy.")
    serve(
        args.run,
        runs_dir=args.runs_dir,
        checkpoint=args.checkpoint or "",
        host=args.host,
        port=args.port,
        log_file=args.log,
    )
