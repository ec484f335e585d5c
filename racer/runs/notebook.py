"""A run as a notebook shows it: what it is, what came out, its two pictures.

A run may come from anyone, so every text is escaped and every picture is a PNG of limited size.
"""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from racer.errors import RacerError
from racer.storage import files

if TYPE_CHECKING:
    from racer.runs.run import Run

_PICTURE_LIMIT = 2**22  # bytes
_PNG = b"\x89PNG\r\n\x1a\n"


def html(run: Run) -> str:
    """A table and, where they are, the laps and the learning curve."""
    rows = [("run", run.name), *_facts(run)]
    cells = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in rows
    )
    pictures = "".join(_picture(run.folder / name) for name in ("laps.png", "curve.png"))
    return f"<table>{cells}</table>{pictures}"


def _facts(run: Run) -> list[tuple[str, str]]:
    from racer.runs.summary import status_of

    try:
        config = run.config()
        found = [
            ("status", status_of(run)),
            ("reward", config.race.reward),
            ("track", config.race.where),
            ("trained", f"{config.train.algo}, {config.train.timesteps:,} steps"),
            ("seed", str(config.train.seed)),
        ]
        if run.evaluation_file.exists():
            result = run.result()
            found.append(("completion", f"{result['completion_pct']:.1f} %"))
            if result["best_lap_s"] is not None:
                found.append(("best lap", f"{result['best_lap_s']:.2f} s"))
    except RacerError as error:
        return [("problem", str(error))]
    return found


def _picture(path: Path) -> str:
    """As part of the page; nothing where there is no PNG."""
    try:
        content = files.read_limited(path, _PICTURE_LIMIT)
    except RacerError:
        return ""
    if not content.startswith(_PNG):
        return ""
    coded = base64.b64encode(content).decode("ascii")
    look = "max-width:48%;vertical-align:top"
    return f'<img src="data:image/png;base64,{coded}" style="{look}" alt="{path.stem}"/>'
