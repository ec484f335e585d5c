"""Printed commands can be pasted: quoted, and with a `racer` that exists there."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from racer.process import typed

posix = pytest.mark.skipif(os.name == "nt", reason="another shell")


@posix
@pytest.mark.parametrize("name", ["a b", "it's", "$(x)", "a;b", "ü", "plain"])
def test_a_shell_reads_back_the_words_that_were_given(name):
    words = shlex.split(typed.command("watch", Path("runs") / name))
    assert words[-2:] == ["watch", f"runs/{name}"]


def test_windows_gets_double_quotes(monkeypatch):
    monkeypatch.setattr(typed.os, "name", "nt")
    assert typed.quoted(r"C:\runs\a b") == r'"C:\runs\a b"'
    assert typed.quoted(r"C:\runs\a") == r"C:\runs\a"
    assert typed.quoted("C:\\a b\\") == '"C:\\a b\\\\"'  # a last backslash would escape the quote


def test_a_word_that_looks_like_an_option_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-x").touch()
    assert typed.quoted("-x") == os.path.join(".", "-x")
    assert typed.quoted("--from") == "--from"


def test_without_a_script_python_starts_it(tmp_path, monkeypatch):
    """`python -m racer` in a checkout that was never installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "my python"))
    assert shlex.split(typed.program())[1:] == ["-m", "racer"]
    assert "my python" in typed.program()


def test_a_script_of_another_python_is_not_meant(tmp_path, monkeypatch):
    other, ours = tmp_path / "other", tmp_path / "ours"
    for folder in (other, ours):
        folder.mkdir()
        script = folder / "racer"
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(ours / "python"))
    monkeypatch.setenv("PATH", str(other))
    assert typed.program() != "racer"
    assert Path(typed.program()).resolve() == ours / "racer"
    monkeypatch.setenv("PATH", str(ours))
    assert typed.program() == "racer"
