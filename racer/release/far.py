"""A folder far away, or a disk: what push and pull need of fsspec, with its errors as sentences."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from racer.errors import BadRun, RacerError, ResourceError, UsageError, printable, short
from racer.process import paths
from racer.process.extras import extra
from racer.storage import files

PROTOCOLS = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_CHUNK = 2**20
_ALLOWED = "s3://, gs://, az://, file:// or a folder"


class Far:
    """A place named by an address, e.g. s3://bucket/runs.

    Raises:
        UsageError: an address of another kind. ResourceError: its library is not installed.
    """

    def __init__(self, url: str) -> None:
        protocol, _, rest = url.rpartition("://")
        odd = "::" in url or (not protocol and re.match(r"\w{2,}:", rest))  # s3:/bucket
        if odd or protocol not in ("", "file", *PROTOCOLS) or not rest.strip("/"):
            raise UsageError(f"{short(url)!r} is no place for runs; give {_ALLOWED}.")
        self.url = url.rstrip("/")
        self._local = protocol in ("", "file")
        address = str(paths.expanded(rest).resolve()) if self._local else self.url
        with extra("cloud", f"{protocol}://"):
            import fsspec

            importlib.import_module(PROTOCOLS.get(protocol, "fsspec"))
        with self._errors():
            self._fs, root = fsspec.core.url_to_fs(
                address, use_listings_cache=False, skip_instance_cache=True
            )
        self._root = str(root).rstrip("/")

    def names(self) -> list[str]:
        """What is directly in it; nothing if it is not there."""
        with self._errors():
            try:
                found = self._fs.ls(self._root, detail=False)
            except FileNotFoundError:
                return []
        return sorted({posixpath.basename(str(path).rstrip("/")) for path in found})

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""
        with self._errors():
            try:
                info = self._fs.info(self._at(name))
            except FileNotFoundError:
                return None
        size = info.get("size")
        return size if info.get("type") == "file" and isinstance(size, int) else None

    def read(self, name: str, limit: int) -> bytes:
        """A small file.

        Raises:
            BadRun: not there, or longer than `limit` bytes.
        """
        return b"".join(self.chunks(name, limit))

    def chunks(self, name: str, limit: int) -> Iterator[bytes]:
        """A file in pieces; whatever it claims, no more than `limit` bytes are taken.

        Raises:
            BadRun: not there, or longer.
        """
        if self._local and self.size(name) is None:  # opening a pipe would wait for ever
            raise BadRun(f"{self.url}/{name} is missing, or no file. Push the run again.")
        with self._errors(), contextlib.ExitStack() as opened:
            try:
                file: BinaryIO = opened.enter_context(self._fs.open(self._at(name), "rb"))
            except FileNotFoundError:
                raise BadRun(f"{self.url}/{name} is missing. Push the run again.") from None
            taken = 0
            while piece := file.read(_CHUNK):
                taken += len(piece)
                if taken > limit:
                    raise BadRun(f"{self.url}/{name} has more than {limit} bytes. Hostile?")
                yield piece

    def sha256(self, name: str, limit: int) -> str:
        """The hash of what is really there."""
        digest = hashlib.sha256()
        for piece in self.chunks(name, limit):
            digest.update(piece)
        return digest.hexdigest()

    def put(self, path: Path, name: str) -> None:
        """Copy a file there."""
        with self._errors():
            if self._local:
                self._fs.makedirs(posixpath.dirname(self._at(name)), exist_ok=True)
            self._fs.put_file(str(path), self._at(name))

    def commit(self, content: bytes, name: str, *, new: bool) -> bool:
        """Write a small file there, whole or not at all.

        Args:
            new: only if there is none yet, which the far side decides; a folder is not asked.

        Returns:
            False if somebody else wrote one meanwhile.
        """
        with self._errors():
            if self._local:
                files.write_atomic(Path(self._at(name)), content)
                return True
            try:
                self._fs.pipe_file(self._at(name), content, mode="create" if new else "overwrite")
            except Exception as error:  # each library has its own for a file that is there
                if getattr(error, "errno", None) == errno.ENOSYS:  # servers without If-None-Match
                    self._fs.pipe_file(self._at(name), content)
                elif not new or self.size(name) is None:
                    raise
                else:
                    return False
            return True

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Whatever a library raises for a network, a bucket or a key becomes a sentence."""
        advice = "Free some space or choose another place; then give the same command again."
        try:
            with files.disk_errors(self.url, advice) if self._local else contextlib.nullcontext():
                yield
        except RacerError:
            raise
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0][:200]
            raise ResourceError(
                f"{self.url} cannot be used: {printable(reason)}. Check the address, the "
                "credentials and the connection; then give the same command again."
            ) from error
