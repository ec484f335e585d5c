"""Write the generated parts of the docs: the reference, the floors, the table of params.

python -m tests.docs_reference
"""

import argparse
import re
import tomllib
from pathlib import Path

from racer import cli
from racer.config import Config, each
from racer.reward.params import KEYS

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference.md"
HOW_IT_WORKS = ROOT / "docs" / "how-it-works.md"
REWARDS = ROOT / "docs" / "rewards.md"


def reference():
    """Every command, option and setting, as Markdown."""
    parts = ["# Reference", "", "Written by `python -m tests.docs_reference`.", "", "## Commands"]
    (action,) = (a for a in cli.build()._actions if isinstance(a, argparse._SubParsersAction))
    for command, parser in action.choices.items():
        help_line = cli.commands()[command]
        parts += ["", f"### racer {command}", "", help_line, *_options(parser)]
    parts += ["", "Every command also takes:", "", "| option | meaning |", "|---|---|"]
    parts += [f"| `{option}` | {text} |" for option, text in cli.GLOBAL.items()]
    parts += ["", "### Exit codes"]
    parts += ["", cli.EXIT_CODES.removeprefix("exit codes: ").replace("\n", " ") + ".", ""]
    parts += ["## Settings", ""]
    parts += ["In `config.toml`, by `--config`, and one by one with `--set KEY=VALUE`.", ""]
    parts += ["| key | default | allowed | meaning |", "|---|---|---|---|", *settings()]
    return "\n".join(parts) + "\n"


def _options(parser, prefix=""):
    rows, below = [], []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help for choice in action._choices_actions}
            for name, sub in action.choices.items():
                title = f"{prefix}{name}"
                below += ["", f"**{parser.prog} {name}**: {_cell(helps[name])}"]
                below += _options(sub, f"{title} ")
        elif action.dest != "help":
            rows.append(f"| {_name(action)} | {_cell(action.help or '')} |")
    table = ["", "| option | meaning |", "|---|---|", *rows] if rows else []
    return table + below


def _name(action):
    if not action.option_strings:
        return f"`{action.metavar or action.dest}`"
    return ", ".join(f"`{option}`" for option in action.option_strings)


def _cell(text):
    return text.replace("|", "\\|").replace("%%", "%")


def settings():
    """A row per setting: key, default, what is allowed, what it does."""
    rows = []
    for key, value, about in each(Config()):
        shown = f"`{value}`" if isinstance(value, str) else f"`{str(value).lower()}`"
        shown = about.unset if value is None else shown
        rows.append(f"| `{key}` | {shown} | {about.range} | {_cell(about.help)} |")
    return rows


def how_it_works():
    """docs/how-it-works.md with the floors of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    floors = next(c["layers"] for c in contracts if c["name"] == "floors")
    return _with_block(HOW_IT_WORKS, "floors", ["```text", *floors, "```"])


def rewards():
    """docs/rewards.md with the table of `params`."""
    heads = ["| key | type | unit | range | meaning | the public documentation says |"]
    rows = [
        f"| `{name}` | {key.kind} | {key.unit} | {key.range} | {key.meaning} | {key.documented} |"
        for name, key in sorted(KEYS.items())
    ]
    return _with_block(REWARDS, "params", [*heads, "|---|---|---|---|---|---|", *rows])


def _with_block(page, name, lines):
    """The text of a page with the lines between its two marks replaced."""
    block = "\n".join([f"<!-- {name} -->", *lines, f"<!-- /{name} -->"])
    marks = f"<!-- {name} -->.*?<!-- /{name} -->"
    return re.sub(marks, lambda _: block, page.read_text(encoding="utf-8"), flags=re.DOTALL)


if __name__ == "__main__":
    REFERENCE.write_text(reference())
    HOW_IT_WORKS.write_text(how_it_works())
    REWARDS.write_text(rewards())
