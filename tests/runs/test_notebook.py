"""What notebooks show of a track, a run and a comparison; the examples run from start to end."""

import xml.etree.ElementTree
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from racer import Config, Run, Track, compare, train

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
TINY = {"train.timesteps": 512, "train.num_envs": 8, "train.n_steps": 64, "eval.laps": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return train(Config().override(TINY), runs_dir=folder, quiet=True)[0]


def test_a_track_is_a_small_vector_graphic(oval):
    shown = oval._repr_html_()
    assert len(shown) < 100_000
    graphic = xml.etree.ElementTree.fromstring(shown[: shown.index("<div>")])
    assert graphic.tag.endswith("svg")
    assert "oval: 17.7" in shown or f"{oval.length:.2f} m long" in shown


def test_the_name_of_a_track_is_text(oval):
    named = Track("<script>", oval.center, oval.inner, oval.outer)
    assert "<script>" not in named._repr_html_()


def test_a_run_shows_what_it_is_and_its_pictures(run):
    shown = run._repr_html_()
    assert "center_line" in shown
    assert "completion" in shown
    assert shown.count("data:image/png;base64,") == 2


def test_a_run_from_anyone_adds_nothing_to_the_page(run, tmp_path):
    import shutil

    copy = tmp_path / "<img src=x>"
    shutil.copytree(run.folder, copy)
    (copy / "laps.png").write_bytes(b"<script>")
    (copy / "config.toml").write_text('[race]\nreward = "<script>alert(1)</script>"\n')
    shown = Run(copy)._repr_html_()
    assert "<script>" not in shown
    assert "<img src=x>" not in shown
    assert shown.count("data:image/png;base64,") == 1


def test_a_damaged_run_says_so(run, tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    assert "problem" in Run(tmp_path)._repr_html_()


def test_a_comparison_is_a_picture_and_a_sentence(run):
    found = compare([run])
    assert found._repr_png_().startswith(b"\x89PNG")
    assert "One group" in str(found)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_start_to_end(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "clear its outputs"
    for cell in notebook.cells:
        cell.source = cell.source.replace('"4096", "--num-envs", "16"', '"256", "--num-envs", "4"')
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    assert {"text/html", "image/png"} <= kinds
