"""The process of the live window: messages on stdin, one line on stdout: ready, or why not."""

from __future__ import annotations

import signal
import sys

from racer.errors import RacerError
from racer.render.live.process import READY


def main() -> None:
    """Open the window and show what comes until it is closed or the training ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the training's to handle
    from racer.render.live.window import show
    from racer.render.window import open_window

    try:
        surface = open_window(
            "racer · training", unseen=True, instead="Set DISPLAY, or log in with ssh -X."
        )
    except RacerError as error:
        print(str(error), flush=True)
        return
    print(READY, flush=True)
    show(surface, sys.stdin.buffer)


if __name__ == "__main__":
    main()
