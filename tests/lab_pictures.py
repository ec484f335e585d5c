"""Pictures of the lab in README.md and docs/lab.md: python -m tests.lab_pictures docs/images

A newcomer's first minute, really trained: the first lesson while its cars learn, then any step of
its laps with the edit that the page proposes.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.docs_pictures import save

SIZE, TALL = (1120, 752), 940  # px; height with the debugger
PATIENCE_MS = 60_000
AT = 60  # the step that is looked into


def main(folder: Path) -> None:
    """Write both pictures."""
    with (
        tempfile.TemporaryDirectory() as made,
        served(Path(made)) as address,
        opened(address) as page,
    ):
        page.get_by_text("95 % of laps after").wait_for()
        shot(page, folder / "lab.png")
        page.get_by_text("finished: ").first.wait_for()
        page.get_by_role("button", name="I know this").click()
        page.set_viewport_size({"width": SIZE[0], "height": TALL})
        text = page.get_by_label("Reward function")
        text.fill(text.input_value().replace("return 1.0", 'return params["speed"]'))
        page.get_by_role("button", name="Look into its laps").click()
        page.get_by_text("are paid differently").wait_for()
        page.get_by_label("Step of the lap").fill(str(AT))
        page.get_by_text(re.compile(r"step \d\d+: ")).wait_for()
        shot(page, folder / "lab-debugger.png")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a lab of its own."""
    words = ["lab", "--no-browser", "--set", "train.timesteps=200000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "racer", *words], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        yield next(found[0] for line in process.stderr if (found := re.search(r"http://\S+", line)))
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def opened(address: str) -> Iterator[Any]:
    """A page in the dark theme."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    width, height = SIZE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            color_scheme="dark", locale="en-US", viewport={"width": width, "height": height}
        )
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        yield page
        browser.close()


def shot(page: Any, path: Path) -> None:
    """What is on the screen."""
    page.evaluate("scrollTo(0, 0)")
    save(np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")), path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
