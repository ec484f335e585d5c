"""Libraries that are not installed with racer alone: the error that names their extra."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from racer.errors import ResourceError


@contextlib.contextmanager
def extra(name: str, what: str) -> Iterator[None]:
    """Turn a failed import of a library into a sentence that says how to install it.

    Args:
        name: of the extra in pyproject.toml, e.g. "onnx".
        what: needs the library, for people, e.g. "racer export --onnx".

    Raises:
        ResourceError: the library is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "a library").split(".")[0]
        if library == "racer":
            raise
        raise ResourceError(
            f"{what} needs {library}, which is not installed. Try pip install 'racer[{name}]'."
        ) from None
