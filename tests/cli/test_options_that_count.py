"""Nothing given is ignored in silence: each option of each command counts, or is refused."""

import argparse
from types import SimpleNamespace

import pytest

from racer import cli, evaluate
from racer.errors import UsageError

OTHERS = (
    "--race --obstacles --obstacle --randomize-obstacles --bots --bot-speed --randomize-bots "
    "--lane-changes --cars --opponent --race-settings"
)
ROAD = (
    "--obstacles --obstacle --randomize-obstacles --bots --bot-speed --randomize-bots "
    "--lane-changes"
)

# Options that count in every mode of their command. `--runs-dir` says where names are looked up.
ALWAYS = {
    "bench": "--json",
    "board": "--track --all --runs-dir --laps-dir --json",
    "compare": "--png --runs-dir",
    "drive": "--track --vehicle --actions --ghost --name --out",
    "drift": "--runs-dir --checkpoint --json",
    "evaluate": "--runs-dir --checkpoint --stochastic --laps --track --json --sim-trace --rules "
    "--tracks " + OTHERS,
    "export": "--runs-dir --checkpoint --sb3 --onnx --car",
    "gate": "--runs-dir --min-completion --max-lap --against --laps --track --json",
    "import-sb3": "--track --reward --actions --vehicle --observation --set --activation "
    "--runs-dir",
    "learning-rates": "--reward --track --rates --timesteps --seeds --num-envs --folder --png",
    "lab": "--track --set --port --lesson --no-browser --runs-dir "
    "--class --host --class-dir --board",
    "line": "--rule --seed --seconds --improve --png --csv --list --json",
    "log fidelity": "--track --vehicle --json",
    "log fit": "--held-out --vehicle --clock --json",
    "log import": "--track --out",
    "log parity": "--track --json",
    "log report": "--tracks",
    "pull": "--runs-dir",
    "push": "--runs-dir",
    "league": "--tag --tracks --seeds --laps --field --results --png --json --runs-dir " + ROAD,
    "race": "--track --laps --seed --grid --video --html --json --out --no-window --runs-dir "
    + ROAD,
    "reward check": "--track --actions --json " + OTHERS,
    "reward map": "--track --speed --heading --component --png " + OTHERS,
    "reward replay": "--track --json",
    "reward run": "--params --track --at --save --engine " + OTHERS,
    "reward why": "--reward --lap --step --json --runs-dir",
    "runs history": "--runs-dir",
    "runs list": "--runs-dir",
    "runs rm": "--runs-dir",
    "runs rollback": "--runs-dir",
    "runs show": "--runs-dir",
    "runs tag": "--runs-dir",
    "runs verify": "--runs-dir",
    "serve": "--runs-dir --checkpoint --host --port --log",
    "sweep": "--vary --search --trials --seeds --prune --folder --resume --engine --address "
    "--workers --reward --track --tracks --vehicle --actions --observation --randomize "
    "--reward-engine --sandbox --algo --timesteps --seed --device --num-envs --torch-threads "
    "--laps --time-limit --set --early-stop --config --preset --hyperparameters " + OTHERS,
    "track edit": "--out",
    "track generate": "--seed --count --length --width --out --format",
    "track show": "--png --camera --no-window",
    "train": "--reward --track --vehicle --actions --observation --reward-engine --sandbox "
    "--algo --timesteps --seed --device --num-envs --torch-threads --laps --time-limit --set "
    "--early-stop --runs-dir --resume --seeds --tracks --live --watch-file --randomize " + OTHERS,
    "watch": "--video --html --ghost --runs-dir --speed --track",
}

# What refuses the others: command, where they do not count → the option with a value.
REFUSED = {
    "bench engine": (
        "--rewards progress",
        "--seeds 2",
        "--seconds 1",
        "--sb3-loops",
        "--cpu",
        "--set race.camera.width=160",
    ),
    "bench train": ("--png a.png", "--against highway", "--quick", "--timesteps 5"),
    "bench lessons": (
        "--png a.png",
        "--against highway",
        "--quick",
        "--seconds 1",
        "--sb3-loops",
        "--cpu",
    ),
    "bench references": (
        "--rewards progress",
        "--timesteps 5",
        "--png a.png",
        "--against highway",
        "--quick",
        "--seconds 1",
        "--sb3-loops",
        "--cpu",
    ),
    "bench roads": (
        "--track oval",
        "--rewards progress",
        "--timesteps 5",
        "--png a.png",
        "--against highway",
        "--quick",
        "--seconds 1",
        "--sb3-loops",
        "--cpu",
    ),
    "bench eyes": (
        "--rewards progress",
        "--observations camera",
        "--timesteps 5",
        "--png a.png",
        "--against highway",
        "--quick",
        "--sb3-loops",
        "--cpu",
    ),
    "bench eyes --runs x": ("--seeds 2", "--seconds 3", "--set race.camera.width=160"),
    "bench among": (
        "--rewards progress",
        "--png a.png",
        "--against highway",
        "--quick",
        "--seconds 1",
        "--sb3-loops",
        "--cpu",
    ),
    "bench lab": ("--seeds 2", "--track oval", "--rewards progress", "--quick", "--seconds 1"),
    "bench devices": (
        "--png a.png",
        "--against highway",
        "--quick",
        "--timesteps 5",
        "--sb3-loops",
        "--cpu",
    ),
    "bench": (
        "--timesteps 5",
        "--price cpu=1",
        "--threads 1",
        "--observations features",
        "--vehicles deepracer",
        "--rules strict",
        "--runs x",
    ),
    "drive": ("--runs-dir x",),
    "evaluate x": (
        "--seed 1",
        "--resets 1",
        "--off-track-penalty-s 1",
        "--reversed-penalty-s 1",
        "--immobilized-penalty-s 1",
        "--collision-penalty-s 1",
        "--mercy 3",
        "--ranking best",
        "--min-laps 1",
        "--continuous",
    ),
    "evaluate x --rules strict": (
        "--off-track-penalty-s 1",
        "--reversed-penalty-s 1",
        "--immobilized-penalty-s 1",
        "--collision-penalty-s 1",
        "--min-laps 1",
    ),
    "gate x": ("--no-promote",),
    "line oval": ("--runs-dir x",),
    "line --improve x": ("--vehicle deepracer", "--actions discrete"),
    "reward run x --params y": ("--track oval", "--at 0.5", "--save z", "--bots 3"),
    "serve x.onnx": ("--checkpoint best",),
    "sweep --resume x": (
        "--vary a=1",
        "--seeds 2",
        "--reward progress",
        "--early-stop",
        "--race multi",
        "--config x",
        "--bots 2",
        "--obstacle 0.5,inner",
    ),
    "sweep show x": ("--resume x", "--workers 2", "--folder x", "--set a=1", "--track oval"),
    "sweep x.toml": ("--config x", "--preset race"),
    "train": ("--accept-change", "--checkpoint best"),
    "train --resume x": (
        "--config x",
        "--preset race",
        "--hyperparameters x",
        "--tag x",
        "--from x",
        "--profile",
        "--checkpoint best",
    ),
    "train --watch-file x": (
        "--reward y",
        "--resume x",
        "--seeds 2",
        "--watch",
        "--profile",
        "--accept-change",
        "--checkpoint best",
    ),
    "train --seeds 2": (
        "--from x",
        "--resume x",
        "--profile",
        "--accept-change",
        "--watch",
        "--live",
    ),
    "watch x": (
        "--race multi",
        "--obstacles 3",
        "--obstacle 0.5,inner",
        "--randomize-obstacles",
        "--bots 3",
        "--bot-speed 1",
        "--randomize-bots",
        "--lane-changes",
        "--cars 4",
        "--race-settings run.env",
        "--opponent latest",
        "--no-source",
        "--all-laps",
    ),
    "watch x.csv --track oval": ("--checkpoint best",),
    "watch x --html a.html": ("--video a.mp4",),
}


@pytest.mark.parametrize(
    ("words", "option"), [(words, option) for words in REFUSED for option in REFUSED[words]]
)
def test_an_option_that_does_not_count_is_refused(words, option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert cli.main([*words.split(), *option.split()]) in (2, 5)  # 5: no display for --watch
    error = capsys.readouterr().err
    assert option.split()[0] in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_every_option_has_its_row():
    for words, options in _options(cli.build()):
        refused = {
            option.split()[0]
            for line, given in REFUSED.items()
            if f"{line} ".startswith(f"{words} ")
            for option in given
        }
        assert options == refused | set(ALWAYS.get(words, "").split()), words


def _options(parser, words=()):
    """Each command that has options, with them."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield from _options(sub, (*words, name))
    own = {a.option_strings[0] for a in parser._actions if a.option_strings and a.dest != "help"}
    if words and own:
        yield " ".join(words), own


def test_quiet_and_verbose_contradict(capsys):
    assert cli.main(["track", "list", "--quiet", "--verbose"]) == 2
    assert "--quiet and --verbose" in capsys.readouterr().err


@pytest.mark.parametrize("choice", [{"checkpoint": "best"}, {"stochastic": True}])
def test_a_policy_of_a_run_is_not_chosen_where_there_is_no_run(choice):
    with pytest.raises(UsageError, match="are for a run"):
        evaluate(SimpleNamespace(act=len), **choice)
