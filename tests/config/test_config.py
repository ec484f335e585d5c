"""Settings: checked at the door, the same after TOML, unknown keys refused with the nearest."""

import dataclasses

import pytest

from racer.config import Config, EvalConfig, RaceConfig, Rules, TrainConfig, each
from racer.errors import BadConfig


def test_toml_gives_back_the_same_config(tmp_path):
    config = Config(
        race=RaceConfig(track="bean", rules=Rules(start="random", reverse=True)),
        train=TrainConfig(seed=7, learning_rate=3e-4, net_arch=(32, 16), num_envs=8),
        eval=EvalConfig(laps=2),
    )
    path = tmp_path / "config.toml"
    path.write_text(config.to_toml())
    assert Config.from_toml(path) == config
    assert "gamma" not in config.to_toml()  # unset: measured best


def test_an_empty_file_is_the_defaults(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("")
    assert Config.from_toml(path) == Config()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("train.seed", "3", 3),
        ("train.timesteps", "1e5", 100_000),
        ("train.learning_rate", "3e-4", 3e-4),
        ("train.net_arch", "128,64", (128, 64)),
        ("train.net_arch", "[128, 64]", (128, 64)),
        ("train.net_arch", [8], (8,)),
        ("race.rules.reverse", "true", True),
        ("race.rules.start", "line", "line"),
        ("eval.laps", 9, 9),
    ],
)
def test_override_converts_text(key, value, expected):
    changed = dataclasses.asdict(Config().override({key: value}))
    for part in key.split("."):
        changed = changed[part]
    assert changed == expected
    assert type(changed) is type(expected)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"train.sede": 1}, "Did you mean 'train.seed'"),
        ({"trian.seed": 1}, "no setting 'trian'"),
        ({"train.lr": 1e-3}, "no setting 'train.lr'. Known"),
        ({"learning_rate": 1e-3}, "Did you mean 'train.learning_rate'?"),
        ({"race.start": "line"}, "Did you mean 'race.rules.start'?"),
        ({"train.seed.deep": 1}, "'seed' has no settings"),
        ({"train": 3}, "group of settings"),
        ({"train.seed": "many"}, "a whole number is needed"),
        ({"train.seed": 1.5}, "a whole number is needed"),
        ({"train.seed": True}, "a whole number is needed"),
        ({"train.seed": -1}, "allowed is 0 to 2,147,483,647"),
        ({"train.timesteps": 0}, "train.timesteps = 0"),
        ({"train.timesteps": float("inf")}, "a whole number is needed"),
        ({"train.learning_rate": float("nan")}, "allowed is"),
        ({"train.device": "gpu"}, "auto, cpu, cuda"),
        ({"train.net_arch": "wide"}, "a whole number is needed"),
        ({"train.net_arch": 5}, "e.g. 64,64"),
        ({"train.net_arch": (0,)}, "train.net_arch = 0"),
        ({"train.net_arch": ""}, "train.net_arch has 0 values; allowed is 1 to 8"),
        ({"train.net_arch": [8] * 9}, "train.net_arch has 9 values"),
        ({"race.reward": "\udcff.py"}, "not UTF-8"),
        ({"race.rules.start": "roundrobin"}, "Did you mean 'round_robin'"),
        ({"race.rules.reverse": "yes"}, "true or false"),
        ({"race.rules.substeps": 0}, "race.rules.substeps|rules.substeps"),
        ({"race.sandbox": "none"}, "auto, strict"),
        ({"eval.laps": 0}, "eval.laps"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(settings, sentence):
    with pytest.raises(BadConfig, match=sentence) as caught:
        Config().override(settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["[train\n", "train.seed = ", "\x00", "a=" + "[" * 9999, '[train]\nseed = "x"']
)
def test_a_broken_file_is_refused(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(BadConfig):
        Config.from_toml(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadConfig, match="TOML: No such file or directory"):
        Config.from_toml(tmp_path / "nowhere.toml")


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().train.seed = 3


def test_every_setting_says_what_it_does_and_what_is_allowed():
    for key, value, known in each(Config()):
        assert len(known.help) > 8, key
        assert not known.help.endswith("."), key
        assert (value is None) == bool(known.unset), key
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        assert not numeric or known.range, key


def test_only_a_device_may_have_a_number():
    assert TrainConfig(device="cuda:1").device == "cuda:1"
    with pytest.raises(BadConfig, match=r"rules\.start"):
        Rules(start="line:1")


def test_older_run_folders_load_under_the_names_of_today():
    old = Config.from_text("[train]\njudge_every = 5000\njudge_laps = 2\n")
    assert (old.train.eval_every, old.train.eval_laps) == (5000, 2)
    assert "judge" not in old.to_toml()
    assert old.override({"train.judge_every": "7000"}).train.eval_every == 7000
    with pytest.raises(BadConfig, match=r"train\.judge_laps is an older name of train\.eval_laps"):
        Config.from_text("[train]\njudge_laps = 1\neval_laps = 2\n")
    with pytest.raises(BadConfig, match="give only one"):
        old.override({"train.eval_every": 1000, "train.judge_every": 2000})


def test_a_file_as_notepad_saves_it_is_read(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[train]\r\nseed = 3\r\n")
    assert Config.from_toml(path).train.seed == 3


def test_a_file_as_powershell_redirects_it_is_named_as_such(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes("[train]\nseed = 3\n".encode("utf-16"))
    with pytest.raises(BadConfig, match="not UTF-8 text"):
        Config.from_toml(path)
