"""Ctrl-C ends a command with 130, also where an exception would be lost."""

import subprocess
import sys

import pytest

BEGIN = """
import os, signal, time
from racer.process.signals import interrupt_exits

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)

with interrupt_exits():
"""
PLAIN = BEGIN + "    interrupt()"
SWALLOWED = (
    BEGIN
    + """
    try:
        interrupt()
    except SystemExit:
        pass
"""
)
FRAGILE = (
    BEGIN
    + """
    library = {"__name__": "numba.core.compiler", "interrupt": interrupt}
    try:
        exec("interrupt()", library)
    except SystemExit:
        print("an exception in the compiler")
"""
)


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


WORK = "    time.sleep(60)\n    print('went on to its end')"


@pytest.mark.parametrize("code", [PLAIN, SWALLOWED, SWALLOWED + WORK, FRAGILE + WORK])
def test_an_interrupt_ends_the_program(code):
    assert run(code) == (130, "\nStopped by Ctrl-C.\n")
