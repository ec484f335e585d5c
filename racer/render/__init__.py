"""Pictures of cars on tracks: a window, a video, one frame, a figure. Draws from (track, cars)."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # it would greet on standard output
