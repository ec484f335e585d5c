"""What the window and the browser share: colours, keys, words, and how each number is written.

Neither draws from anything else, so a key or a colour is changed here, once. No pygame here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Color = tuple[int, int, int]


class Theme(NamedTuple):
    """Colours on a dark or a light ground.

    One meaning has one colour and one shape: what you look at is filled, the policy of this moment
    is filled with an outline, a ghost is hollow. The hues are those of Okabe and Ito, which most
    colour-blind people tell apart; on the light road they are darkened to keep a contrast of 3:1.
    """

    ground: Color
    road: Color
    border: Color
    center: Color
    text: Color
    dim: Color
    accent: Color  # numbers to look at
    warning: Color
    car: Color
    edge: Color  # the outline of a filled car
    policy: Color
    ghosts: tuple[Color, ...]  # in the order given
    reference: Color  # the fastest known lap


DARK = Theme(
    ground=(22, 26, 31),
    road=(47, 54, 64),
    border=(226, 230, 236),
    center=(206, 166, 74),
    text=(232, 236, 241),
    dim=(148, 157, 169),
    accent=(250, 208, 90),
    warning=(255, 120, 96),
    car=(86, 180, 233),
    edge=(12, 13, 16),
    policy=(230, 159, 0),
    ghosts=(
        *((204, 121, 167), (0, 158, 115), (240, 228, 66), (213, 94, 0)),
        *((170, 160, 255), (255, 190, 165), (130, 225, 215)),
    ),
    reference=(240, 242, 245),
)
RACERS: tuple[Color, ...] = (DARK.car, *DARK.ghosts[:4], DARK.policy, DARK.reference)  # of a race
LIGHT = Theme(
    ground=(255, 255, 255),
    road=(217, 221, 227),
    border=(91, 101, 112),
    center=(138, 106, 20),
    text=(22, 25, 29),
    dim=(84, 94, 105),
    accent=(22, 25, 29),
    warning=(176, 32, 16),
    car=(0, 114, 178),
    edge=(12, 13, 16),
    policy=(138, 85, 0),
    ghosts=(
        *((160, 69, 122), (0, 112, 79), (122, 106, 0), (176, 70, 0)),
        *((92, 72, 200), (150, 60, 70), (0, 108, 120)),
    ),
    reference=(22, 25, 29),
)

# speed, slow to fast: dark blue, teal, green, yellow; even steps of lightness
SPEED_COLORS: tuple[Color, ...] = (
    (72, 96, 200),
    (46, 148, 190),
    (60, 190, 140),
    (166, 214, 80),
    (250, 228, 80),
)

# key, unit, decimals; None prints a flag
PARAM_ROWS: tuple[tuple[str, str, int | None], ...] = (
    ("speed", "m/s", 2),
    ("steering_angle", "°", 1),
    ("steps", "", 0),
    ("progress", "%", 1),
    ("x", "m", 2),
    ("y", "m", 2),
    ("heading", "°", 1),
    ("distance_from_center", "m", 3),
    ("is_left_of_center", "", None),
    ("all_wheels_on_track", "", None),
    ("is_offtrack", "", None),
    ("is_crashed", "", None),
    ("is_reversed", "", None),
    ("closest_waypoints", "", 0),
    ("track_width", "m", 3),
    ("track_length", "m", 2),
    ("projection_distance", "m", 2),
)
BAD = {"is_offtrack": True, "is_crashed": True, "all_wheels_on_track": False}

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # of playback, times real time
ZOOM = 1.15  # per key or wheel notch
ZOOM_MIN, ZOOM_MAX = 0.2, 12.0
FOLLOW_SCALE = 200.0  # px/m


class Keys(NamedTuple):
    """One line of the help, and what its keys do.

    Attributes:
        shown: the keys as people read them.
        words: what they do.
        actions: key as browsers name it (KeyboardEvent.key, letters small) → action.
    """

    shown: str
    words: str
    actions: Mapping[str, str]


PLAYER_KEYS: tuple[Keys, ...] = (
    Keys("space", "pause, go on", {" ": "pause"}),
    Keys(". and ,", "one step forward, back", {".": "step", ",": "step_back"}),
    Keys(
        "→ and ←", "one second forward, back", {"ArrowRight": "second", "ArrowLeft": "second_back"}
    ),
    Keys("↑ and ↓", "faster, slower", {"ArrowUp": "faster", "ArrowDown": "slower"}),
    Keys("F", "follow the car, or overview", {"f": "follow"}),
    Keys(
        "+ - wheel",
        "zoom; 0 resets it",
        {"+": "zoom_in", "=": "zoom_in", "-": "zoom_out", "0": "zoom_reset"},
    ),
    Keys("R", "restart the lap", {"r": "restart"}),
    Keys("G", "ghosts on, off", {"g": "ghosts"}),
    Keys(
        "N and P",
        "next, previous lap",
        {"n": "next", "PageDown": "next", "p": "previous", "PageUp": "previous"},
    ),
    Keys("H or F1", "this help", {"h": "help", "F1": "help"}),
)
WINDOW_KEYS = (*PLAYER_KEYS, Keys("Q or Esc", "quit", {"q": "quit", "Escape": "leave"}))
# The window of a training.
LIVE_KEYS: tuple[Keys, ...] = (
    Keys("space", "stop the picture, go on", {" ": "paused"}),
    Keys("S", "the swarm of all cars", {"s": "swarm"}),
    Keys("L", "a lap of the policy of now", {"l": "lap"}),
    Keys("H or F1", "this help", {"h": "help", "F1": "help"}),
    Keys("Q or Esc", "close; the training goes on", {"q": "quit", "Escape": "leave"}),
)
# The page of the lab; single letters count while nothing is being typed.
LAB_KEYS: tuple[Keys, ...] = (
    Keys("Ctrl S", "save and train", {"Control+s": "save"}),
    Keys("Ctrl Enter", "check the reward", {"Control+Enter": "check"}),
    Keys("space", "stop the picture, go on", {" ": "pause"}),
    Keys("K", "keep this draft as a run", {"k": "keep"}),
    Keys("D", "look into its laps", {"d": "debug"}),
    Keys(
        "1 2 3 4",
        "lab, debugger, garage, settings",
        {"1": "view_lab", "2": "view_debugger", "3": "view_garage", "4": "view_settings"},
    ),
    Keys(
        "F10, Shift F10",
        "in the debugger: the line that ran next, before",
        {"F10": "walk", "Shift+F10": "walk_back"},
    ),
    Keys("? or F1", "this help", {"?": "help", "h": "help", "F1": "help"}),
)
ACTIONS: dict[str, str] = {
    key: action for row in WINDOW_KEYS for key, action in row.actions.items()
}


def lap_words(number: int, count: int) -> str:
    """Which lap of a recording is shown; `number` counts from 0."""
    return f"lap {number + 1} of {count}"


def status_words(status: str) -> str:
    """A label of STATUS_LABELS as people read it."""
    return status.replace("_", " ")
