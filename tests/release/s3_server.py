"""A real S3-compatible server on loopback, and a network before it that goes away."""

import contextlib
import re
import socket
import subprocess
import sys
import threading

KEYS = {
    "AWS_ACCESS_KEY_ID": "of-the-tests",
    "AWS_SECRET_ACCESS_KEY": "of-the-tests",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
}


@contextlib.contextmanager
def s3():
    """The port of a server."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    late = threading.Timer(300.0, server.kill)
    late.start()
    with server:
        try:
            lines = iter(server.stderr.readline, "")
            found = next(filter(None, (re.search(r"http://127\.0\.0\.1:(\d+)", x) for x in lines)))
            rest = threading.Thread(target=server.stderr.read, daemon=True)
            rest.start()
            yield int(found[1])
        finally:
            late.cancel()
            server.kill()
            rest.join()


class Network:
    """Carries bytes to a server until so many files were sent, and then nothing any more."""

    def __init__(self, port, files):
        self.to, self.left = port, files
        self.sockets = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):  # the door is closed
            while True:
                client, _ = self.door.accept()
                server = socket.create_connection(("127.0.0.1", self.to))
                self.sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                if content.startswith(b"PUT /"):
                    self.left -= 1
                if self.left < 0:
                    self.cut()
                    return
                sink.sendall(content)

    def cut(self):
        """As a cable that is pulled."""
        for one in (self.door, *self.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
