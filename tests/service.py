"""Start `racer serve` as a user does, and ask it."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading


@contextlib.contextmanager
def serving(*words, cwd, **environ):
    """The process and its port, until the end of the block."""
    command = [sys.executable, "-m", "racer", "serve", *map(str, words), "--port", "0"]
    place = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | environ
    process = subprocess.Popen(
        command, cwd=cwd, env=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    late = threading.Timer(600.0, process.kill)  # a service that hangs fails the test
    late.start()
    try:
        ready = process.stdout.readline()
        assert " at http://" in ready, process.stderr.read()
        yield process, int(ready.rpartition(":")[2])
    finally:
        late.cancel()
        process.kill()
        process.communicate()


def ask(port, path, body=None, method="", **headers):
    """Status and text of an answer; a body that is no text is sent as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    if body is not None and not isinstance(body, str | bytes):
        body = json.dumps(body)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def predict(port, **question):
    status, text = ask(port, "/predict", question)
    assert status == 200, text
    return json.loads(text)
