"""The pages of the lab and of a class, and the scripts and styles that they load.

A page has nothing of anyone in it: its script asks for that with its secret.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources
from string import Template
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from racer.render import html
from racer.render.themes import themes
from racer.render.words import script

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
JAVASCRIPT = "text/javascript"
MODULES = ("lab", "talk", "editor", "first", "whatif", "debugger", "garage", "settings")
CLASS = ("class", "door", "bar", "teacher", "projector")
STATIC = {
    **{f"{name}.js": ("racer.lab.web", JAVASCRIPT) for name in (*MODULES, *CLASS)},
    "lab.css": ("racer.lab.web", "text/css"),
    "class.css": ("racer.lab.web", "text/css"),
    **{name: ("racer.render", JAVASCRIPT) for name in html.SCRIPTS},
    "player.css": ("racer.render", "text/css"),
}


class Page(NamedTuple):
    """What one page has that the others have not.

    Attributes:
        title: of its tab.
        styles: its own, after the player's.
        main: class of its main part, which its script fills.
        script: the one that starts it.
        bar: whether a bar is above the main part.
    """

    title: str
    styles: tuple[str, ...]
    main: str
    script: str
    bar: bool = False


PAGES = {
    "lab": Page("racer lab", ("lab",), "racer-lab", "lab"),
    "member": Page("racer lab", ("lab", "class"), "racer-lab", "bar", bar=True),
    "door": Page("racer class", ("class",), "racer-class", "door"),
    "teacher": Page("racer class, teacher", ("class",), "racer-class", "teacher"),
    "projector": Page("racer class, projector", ("class",), "racer-class", "projector"),
}


def page(name: str) -> Callable[[Request], Awaitable[Response]]:
    """What answers with one of PAGES."""
    found = PAGES[name]
    sheet = '<link rel="stylesheet" href="/static/{}.css">\n'
    head = f"<title>{found.title}</title>\n" + "".join(map(sheet.format, ("player", *found.styles)))
    bar = '<header class="bar"></header>\n' if found.bar else ""
    text = Template(_read("racer.lab.web", "page", "page.html")).substitute(
        head=head, bar=bar, main=found.main, script=found.script
    )

    async def shown(_request: Request) -> Response:
        return HTMLResponse(text, headers={"content-security-policy": POLICY})

    return shown


async def static(request: Request) -> Response:
    """Scripts and styles of the package; the colours come from the table."""
    name = request.path_params["name"]
    if name == "german.js":
        return Response(script(), media_type=JAVASCRIPT)
    if name not in STATIC:
        return PlainTextResponse("No such file.", 404)
    package, kind = STATIC[name]
    text = _read(package, "page" if package == "racer.lab.web" else "player", name)
    return Response((themes() if name == "player.css" else "") + text, media_type=kind)


def _read(package: str, folder: str, name: str) -> str:
    return (resources.files(package) / folder / name).read_text("utf-8")
