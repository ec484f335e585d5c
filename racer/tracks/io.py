"""Read a track file, clean what is merely dirty, refuse what is not a track.

| suffix | what | columns |
|---|---|---|
| `.npy` | DeepRacer route | N × 6: centre x, y, inner x, y, outer x, y (m) |
| `.csv` | F1TENTH, TUMFTM | by header: x_m, y_m, w_tr_right_m, w_tr_left_m; else that order |
| `.txt` | ours | straights and arcs, see `build` |

Accepted: any float or integer type and byte order; first row repeated at the end or not; a first
and last row that differ by rounding; borders swapped (inner is the ring of the smaller area).
Duplicate rows of a `.npy` are kept, because rewards count waypoints by the file's rows; those of a
`.csv` are dropped, as they have no direction to put a border across.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadTrack
from racer.tracks import layout, validation

Array: TypeAlias = NDArray[np.float64]
Lines = tuple[Array, Array, Array]

BYTES_MAX = 4_000_000  # a track of ROWS_MAX rows is 1 MB
CSV_COLUMNS = ("x_m", "y_m", "w_tr_right_m", "w_tr_left_m")
OPEN = 3.0  # × longest segment: a larger gap from last to first row is an open track
ROUNDING = 0.01  # × median segment: a smaller gap is the first row again


def read(path: str | Path) -> Lines:
    """Centre line, inner and outer border, each (M, 2) float64, m, last row equal to the first.

    Raises:
        BadTrack: not a track; names the file, the row and the reason.
    """
    path = Path(path)
    readers = {".npy": _read_npy, ".csv": _read_csv, ".txt": _read_txt}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadTrack(f"{path}: not a track file. Tracks are .npy, .csv or .txt.")
    try:
        if not path.is_file():
            raise BadTrack(f"{path}: no such file.")
        if path.stat().st_size > BYTES_MAX:
            raise BadTrack(f"{path}: over {BYTES_MAX // 1_000_000} MB; no track is that long.")
        return reader(path)
    except OSError as error:
        raise BadTrack(f"{path}: cannot be read: {error.strerror or error}.") from error


def _read_txt(path: Path) -> Lines:
    return circuit(file_text(path), str(path))


def circuit(text: str, name: str) -> Lines:
    """The lines of a circuit written as text; as `read`, for text that is in no file.

    Raises:
        BadTrack: names the line of the text, or the waypoint.
    """
    lines = layout.build(text, name)
    validation.simple(lines[0], name, lambda row: f"waypoint {row}")
    validation.apart(*lines, name, lambda row: f"waypoint {row}")
    return lines


# DeepRacer .npy


def _read_npy(path: Path) -> Lines:
    table = _load_npy(path)
    if table.ndim != 2 or table.shape[1] != 6:
        raise BadTrack(
            f"{path}: its shape is {table.shape}. A DeepRacer track is N × 6: centre x, y, "
            "inner x, y, outer x, y."
        )
    return _finish(table, str(path), lambda row: f"row {row}")


def _load_npy(path: Path) -> Array:
    """The array, after its header was believed only as far as the file's size bears it out."""
    with path.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran, dtype = read_header(file)
        except Exception as error:
            raise BadTrack(f"{path}: not a .npy file, or its header is damaged.") from error
        if dtype.kind not in "fiu" or dtype.shape:
            raise BadTrack(f"{path}: it holds {dtype}. Track files hold plain numbers.")
        data = file.read(BYTES_MAX)
    if math.prod(shape) * dtype.itemsize != len(data) or min(shape, default=0) < 0:
        raise BadTrack(
            f"{path}: the header claims {' × '.join(map(str, shape)) or 'no'} numbers, the file "
            f"has {len(data)} bytes of them. It is cut short or damaged."
        )
    flat = np.frombuffer(data, dtype).astype(np.float64)
    return flat.reshape(shape, order="F" if fortran else "C")


# F1TENTH and TUMFTM .csv


def _read_csv(path: Path) -> Lines:
    names, rows, numbers = _parse_csv(path)
    columns = _columns(path, names, len(rows[0]) if rows else 0)
    for row, line in zip(rows, numbers, strict=True):
        if len(row) != len(rows[0]):
            raise BadTrack(
                f"{path}: line {line} has {len(row)} columns, the others {len(rows[0])}."
            )
    if len(rows) > validation.ROWS_MAX:
        raise BadTrack(f"{path}: {len(rows)} rows; a track has at most {validation.ROWS_MAX}.")
    table = np.array([[_value(row[c]) for c in columns] for row in rows]).reshape(len(rows), 4)
    validation.finite(table, str(path), lambda row: f"line {numbers[row]}")
    wrong = np.flatnonzero((table[:, 2:] < 0).any(axis=1))
    if len(wrong):
        raise BadTrack(f"{path}: line {numbers[wrong[0]]}: a width is negative.")
    keep = np.ones(len(table), dtype=bool)
    keep[1:] = (np.diff(table[:, :2], axis=0) != 0).any(axis=1)
    table, kept = table[keep], [n for n, k in zip(numbers, keep, strict=True) if k]

    def name(row: int) -> str:
        return f"line {kept[row % len(kept)]}"

    center = validation.close(table[:, :2], str(path), OPEN, ROUNDING)
    widths = np.concatenate([table, table[:1]])[: len(center), 2:]
    return _finish(np.hstack([center, *_offset(center, widths)]), str(path), name)


def _parse_csv(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Column names (empty without a header), cells of each row, and their line numbers."""
    names: list[str] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, raw in enumerate(file_text(path).splitlines(), start=1):
        cells = _cells(raw.strip().lstrip("#").strip())
        if cells == [""]:
            continue
        comment = raw.lstrip().startswith("#")
        first = not comment and not rows and not names
        if "x_m" in cells or (first and math.isnan(_value(cells[0]))):
            names = cells
        elif not comment:
            rows.append(cells)
            numbers.append(number)
    return names, rows, numbers


def _cells(line: str) -> list[str]:
    """Cells of a line, unquoted; beside semicolons or tabs, a comma is a decimal one."""
    separator = next((s for s in ";\t" if s in line), ",")
    cells = [cell.strip().strip('"').strip() for cell in line.split(separator)]
    return cells if separator == "," else [cell.replace(",", ".") for cell in cells]


def _columns(path: Path, names: list[str], count: int) -> list[int]:
    if names:
        missing = [c for c in CSV_COLUMNS if c not in names]
        if missing:
            raise BadTrack(
                f"{path}: no column {missing[0]!r}. It has {', '.join(names)[:200]}; a track needs "
                f"{', '.join(CSV_COLUMNS)}."
            )
        return [names.index(c) for c in CSV_COLUMNS]
    if count != 4:
        raise BadTrack(
            f"{path}: {count} columns and no header. Write `# {', '.join(CSV_COLUMNS)}` above."
        )
    return [0, 1, 2, 3]


def _value(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _offset(center: Array, widths: Array) -> tuple[Array, Array]:
    """Borders left and right of a closed centre line; widths are (M, 2): right, left, m."""
    ahead = np.roll(center[:-1], -1, axis=0) - np.roll(center[:-1], 1, axis=0)
    length = np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-12)
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / length[:, None]  # points left
    normal = np.concatenate([normal, normal[:1]])
    return center + normal * widths[:, 1:], center - normal * widths[:, :1]


# both


def _finish(table: Array, path: str, name: Callable[[int], str]) -> Lines:
    """Check (N, 6) rows, close them, and sort out which border is the inner one."""
    validation.rows(table, path, name)
    closed = validation.close(table, path, OPEN, ROUNDING)
    center, inner, outer = (np.ascontiguousarray(closed[:, i : i + 2]) for i in (0, 2, 4))
    validation.simple(center, path, name)
    if validation.area(inner) > validation.area(outer):
        inner, outer = outer, inner
    validation.widths(center, inner, outer, path, name)
    validation.apart(center, inner, outer, path, name)
    return center, inner, outer


def file_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTrack(f"{path}: not a text file (byte {error.start} is not UTF-8).") from error
