"""What a sweep will do is fixed, and refused, before its first run begins."""

import json
import re

import pytest

from racer import cli
from racer.config import Config
from racer.errors import UsageError
from racer.sweep import plan as plans
from racer.sweep import space as spaces
from racer.sweep.folder import Folder
from racer.sweep.plan import Asked, Plan
from racer.sweep.space import Range, Values

SWEEP = """
search = "random"
trials = 5
seeds = 2

[settings]
reward = "center_line"
train.timesteps = 4096

[vary.train]
learning_rate = { low = 1e-5, high = 1e-2, log = true }
net_arch = [[32, 32], [64, 64]]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def grid(*texts, **asked):
    return plans.make(Config(), Asked(plans.from_texts(texts), **asked))[0]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1e-5,3e-4", Values((1e-5, 3e-4))),
        ("a, b", Values(("a", "b"))),
        ("8,true", Values((8, True))),
        ("0.9..0.99", Range(0.9, 0.99)),
        ("log:1e-5..1e-2", Range(1e-5, 1e-2, log=True)),
        ("8..64", Range(8.0, 64.0, whole=True)),
    ],
)
def test_text_becomes_values_or_a_range(text, meant):
    assert spaces.parse("key", text) == meant
    assert spaces.read("key", json.loads(json.dumps(meant.to_json()))) == meant


def test_a_grid_is_every_combination_and_its_names_are_fixed():
    plan = grid("train.gamma=0.9,0.99", "reward=center_line,progress", seeds=3)
    assert plan.runs == 12
    jobs = [job for i, s in enumerate(plan.configurations) for job in plan.jobs(i, s)]
    assert [job.id for job in jobs[:4]] == [
        "0000-seed0",
        "0000-seed1",
        "0000-seed2",
        "0001-seed0",
    ]
    assert jobs[-1].settings == {"train.gamma": 0.99, "race.reward": "progress", "train.seed": 2}


def test_a_toml_file_is_read_and_options_win(here):
    (here / "sweep.toml").write_text(SWEEP)
    config, asked = plans.from_toml(here / "sweep.toml")
    plan, _ = plans.make(config, Asked(seeds=1).over(asked))
    assert (plan.search, plan.trials, plan.seeds) == ("random", 5, (0,))
    assert plan.config.train.timesteps == 4096
    rates = [settings["train.learning_rate"] for settings in plan.configurations]
    assert all(1e-5 <= rate <= 1e-2 for rate in rates)
    assert len(set(rates)) == 5
    assert Plan.load(Folder.create(None, plan, {}).path / "sweep.json") == plan


def test_files_of_the_user_are_copied_at_the_start(here):
    (here / "rewards").mkdir()
    reward = here / "rewards" / "mine.py"
    reward.write_text("def reward_function(params):\n    return 1.0\n")
    plan, inputs = plans.make(
        Config(), Asked(plans.from_texts(["reward=rewards/mine.py,progress"]))
    )
    reward.unlink()
    assert inputs.files == {"rewards/mine.py": b"def reward_function(params):\n    return 1.0\n"}
    assert [s["race.reward"] for s in plan.configurations] == ["mine", "progress"]


@pytest.mark.parametrize(
    ("texts", "asked", "sentence"),
    [
        ([], {}, "nothing varies"),
        (["train.gamma"], {}, "write KEY=VALUE"),
        (["train.gamma=2"], {}, "train.gamma = 2"),
        (["train.gama=0.9"], {}, "Did you mean 'train.gamma'"),
        (["train.gamma=0.9,0.9"], {}, "same value twice"),
        (["train.gamma=0.9..0.99"], {}, "a grid needs values"),
        (["train.gamma=0.9..0.8"], {"search": "random", "trials": 1}, "low < high"),
        (["train.gamma=0.9"], {"search": "random"}, "needs --trials"),
        (["train.gamma=0.9"], {"search": "rand", "trials": 1}, "no search 'rand'"),
        (["train.gamma=0.9"], {"prune": "meadian"}, "no pruning"),
        (["train.seed=1,2"], {}, "--seeds N"),
        (["reward=nothing"], {}, "no reward 'nothing'"),
        (["race.others.opponents=a,b"], {}, "does not send runs"),
        (["train.gamma=0.9,0.91"], {"seeds": 100_000}, "at most 100,000"),
    ],
)
def test_what_cannot_run_is_refused_with_a_sentence(texts, asked, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        grid(*texts, **asked)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("show", "needs one folder"),
        ("show nowhere", "it is no sweep"),
        ("--resume nowhere", "it is no sweep"),
        ("--vary train.gamma=0.9 --engine lokey", "Did you mean 'loky'"),
        ("--vary train.gamma=0.9 --address x", "--address belongs to --engine dask or ray"),
        ("--vary train.gamma=0.9 --engine dask", "needs --address"),
        ("--vary train.gamma=0.9 --engine dask --address tcp://127.0.0.1:9", "no Dask scheduler"),
        ("--vary train.gamma=0.9 --engine dask --workers 2", "--workers belongs to"),
        ("none.toml", "cannot be read as TOML"),
    ],
)
def test_command_lines_that_cannot_run_are_one_sentence(here, capsys, words, sentence):
    assert cli.main(["sweep", *words.split()]) in (2, 3, 5)
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not list(here.iterdir())
