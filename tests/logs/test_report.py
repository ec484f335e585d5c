from pathlib import Path

from racer.logs.report import report
from racer.reward.params import KEYS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"


def test_the_page_shows_what_the_command_prints(reference):
    text = PAGE.read_text(encoding="utf-8")
    shown = text.split("<!-- report: racer log report -->")[1].split("<!-- end of report -->")[0]
    printed = report(reference / "logs", reference / "tracks")
    # worst differences near 1e-13 depend on the machine's last digits
    assert _cells(shown) == _cells(printed)


def _cells(text):
    rows = [line.split("|") for line in text.strip().splitlines() if line.startswith("|")]
    return [[cell.split("(worst")[0].strip() for cell in row] for row in rows]


def test_the_table_of_params_has_every_key_once():
    text = (PAGE.parent / "deepracer.md").read_text(encoding="utf-8")
    table = text.split("## The 27 keys")[1].split("##")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    keys = [key.strip(" `") for cell in first for key in cell.split(",")]
    assert sorted(keys) == sorted(KEYS)
