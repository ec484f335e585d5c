"""The colours of window and browser as CSS."""

from __future__ import annotations

from racer.render import table


def themes() -> str:
    """The colours of both themes as CSS: by the system's wish, and by data-theme against it."""
    dark, light = (_variables(theme) for theme in (table.DARK, table.LIGHT))
    marks = "".join(
        f".{name}{{color:var(--{name})}}"
        for name in _colors(table.DARK)
        if name[:5] in ("ghost", "polic", "refer")
    )
    return (
        f":root{{color-scheme:light;{light}}}"
        f"@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}{marks}"
    )


def _colors(theme: table.Theme) -> dict[str, table.Color]:
    """Every colour of a theme by the name that CSS calls it."""
    found = {name: color for name, color in theme._asdict().items() if name != "ghosts"}
    return found | {f"ghost{k}": color for k, color in enumerate(theme.ghosts)}


def _variables(theme: table.Theme) -> str:
    return "".join(
        "--{}:#{:02x}{:02x}{:02x};".format(name, *c) for name, c in _colors(theme).items()
    )


def color_name(color: table.Color) -> str:
    return next((name for name, known in _colors(table.DARK).items() if known == color), "ghost0")
