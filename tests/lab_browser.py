"""A lab or a class that is served, and a browser on its pages: every complaint counts."""

import contextlib
import threading
import time

import uvicorn
from class_at_work import class_of
from lab_at_work import REWARD, lab_of

from racer.cli.lab import address_of
from racer.lab.web.server import listening

PATIENCE_MS = 30_000


def until(condition, patience=60.0):
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


@contextlib.contextmanager
def served(app, bound):
    """An application in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    until(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def lab_served(folder, text=REWARD, port=0):
    """A lab: (lab, address)."""
    bound = listening(port)
    port = bound.getsockname()[1]
    lab, keys, app = lab_of(folder, port, text)
    with served(app, bound):
        yield lab, address_of(keys, port)


@contextlib.contextmanager
def class_served(folder, host="127.0.0.1", real=False):
    """A class; its address is in it. `real` trains."""
    bound = listening(0, host)
    slots = 1 if real else 9
    found, app = class_of(folder, bound.getsockname()[1], slots=slots, host=host, real=real)
    with contextlib.closing(found.store), served(app, bound):
        yield found


@contextlib.contextmanager
def opened(
    browser, address, *, theme="dark", motion="reduce", locale="en-US", refused=(), lost=False
):
    """A page; at the end it has complained of nothing and asked nobody else.

    Args:
        refused: the answers that say no, as "status path", in order; the browser notes each.
        lost: the page is without a network for a while, and the browser says so.
    """
    context = browser.new_context(color_scheme=theme, reduced_motion=motion, locale=locale)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.seen, page.foreign, page.refused = [], [], []
    page.on("console", lambda message: page.seen.append(message.text))
    page.on("pageerror", lambda error: page.seen.append(str(error)))
    origin = "/".join(address.split("/")[:3])
    sockets = origin.replace("http", "ws", 1)
    home = address if address.startswith("file:") else f"{origin}/"
    ours = (home, f"{sockets}/", "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(ours) else page.foreign.append(r.url))

    def answered(answer):
        if answer.status >= 400:
            page.refused.append(f"{answer.status} {answer.url.removeprefix(origin)}")

    page.on("response", answered)
    page.goto(address)
    yield page
    told = [text for text in page.seen if text.startswith("Failed to load resource: the server ")]
    assert page.foreign == []
    assert page.refused == list(refused)
    assert len(told) == len(page.refused)
    told += [text for text in page.seen if lost and "net::ERR_INTERNET_DISCONNECTED" in text]
    if "//127.0.0.1" not in origin:  # plain HTTP over a network: one header means nothing there
        told += [text for text in page.seen if "Opener-Policy header has been ignored" in text]
    strange = [text for text in page.seen if text not in told]
    assert strange == []
    context.close()


def narrow(page):
    """Nothing is cut off on a small screen."""
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
