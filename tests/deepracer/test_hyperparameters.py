import json

import pytest

from racer.cli import main
from racer.config import TrainConfig
from racer.deepracer.hyperparameters import EPISODES_PER_ITERATION, mapped, official, read
from racer.errors import BadConfig, BadInput

# the defaults of DeepRacer-for-cloud
DRFC = {
    "batch_size": 64,
    "beta_entropy": 0.01,
    "discount_factor": 0.99,
    "e_greedy_value": 0.05,
    "epsilon_steps": 10000,
    "exploration_type": "categorical",
    "loss_type": "huber",
    "lr": 0.0003,
    "num_episodes_between_training": 20,
    "num_epochs": 5,
    "stack_size": 1,
    "term_cond_avg_score": 350.0,
    "term_cond_max_episodes": 1000,
    "sac_alpha": 0.2,
}


def test_every_entry_is_told_what_it_became():
    found = mapped(DRFC, TrainConfig())
    names = [row.name for row in found.rows]
    assert names[: len(DRFC)] == list(DRFC)
    assert all(row.became for row in found.rows)
    assert found.settings == {
        "train.batch_size": 64,
        "train.ent_coef": 0.01,
        "train.gamma": 0.99,
        "train.learning_rate": 0.0003,
        "train.n_epochs": 5,
        "train.n_steps": 16,  # 16 steps of 256 cars: 4096, about 20 episodes of 200
    }
    assert "train.gamma = 0.99" in found.table()


@pytest.mark.parametrize("batch", [32, 64, 100, 512])
@pytest.mark.parametrize("cars", [1, 20, 128])
def test_the_batch_divides_the_rollout(batch, cars):
    train = TrainConfig(num_envs=cars)
    found = mapped(DRFC | {"batch_size": batch}, train).settings
    assert cars * found["train.n_steps"] % batch == 0
    assert cars * found["train.n_steps"] == pytest.approx(4000, rel=0.35)


def test_sac_takes_its_temperature_and_not_the_entropy():
    found = mapped(DRFC, TrainConfig(algo="sac"))
    assert found.settings["train.ent_coef"] == 0.2
    assert "train.n_steps" not in found.settings
    assert "train.n_epochs" not in found.settings
    became = {row.name: row.became for row in found.rows}
    assert became["beta_entropy"] == "no counterpart in SAC"


def test_numbers_written_as_text_are_read():
    assert mapped({"lr": "0.0003", "batch_size": "64"}, TrainConfig()).settings == {
        "train.learning_rate": 0.0003,
        "train.batch_size": 64,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("lr", "fast"), ("lr", True), ("batch_size", 64.5), ("discount_factor", 2), ("num_epochs", 0),
     ("lr", float("nan")), ("num_episodes_between_training", None),
     ("batch_size", 10**400)],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_by_name(name, value):
    with pytest.raises(BadConfig, match=name):
        mapped({name: value}, TrainConfig())


def test_what_is_not_a_hyperparameter_is_said():
    rows = mapped({"batch_sise": 64, "lr": 1e-3}, TrainConfig()).rows
    assert "Did you mean 'batch_size'?" in rows[0].became


@pytest.mark.parametrize("text", ["", "[1]", "{", "null"])
def test_foreign_files_are_refused(tmp_path, text):
    path = tmp_path / "hyperparameters.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="no hyper-parameter file"):
        read(path, TrainConfig())


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_what_a_run_writes_maps_back_to_the_same_settings(algo):
    train = TrainConfig(algo=algo, learning_rate=5e-4, gamma=0.97, batch_size=256)
    written = json.loads(json.dumps(official(train)))
    assert written["num_episodes_between_training"] == EPISODES_PER_ITERATION
    found = mapped(written, train).settings
    assert found["train.learning_rate"] == 5e-4
    assert found["train.gamma"] == 0.97
    assert found["train.batch_size"] == 256


def test_the_command_shows_the_table_and_refuses_a_bad_file(tmp_path, capsys):
    path = tmp_path / "hyperparameters.json"
    path.write_text(json.dumps({"lr": -1}))
    assert main(["train", "--hyperparameters", str(path)]) == 2
    assert f"{path}: lr is -1" in capsys.readouterr().err


def test_a_device_without_end_is_refused(tmp_path):
    link = tmp_path / "endless.json"
    link.symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="longer than 1048576 bytes"):
        read(link, TrainConfig())


def test_a_file_without_a_known_name_is_refused():
    with pytest.raises(BadInput, match=r"only learning_rate.*Known: batch_size"):
        mapped({"learning_rate": 1e-3, "epochs": 3}, TrainConfig())
    known = mapped({"lr": 1e-3, "epochs": 3}, TrainConfig())
    assert known.settings == {"train.learning_rate": 1e-3}
