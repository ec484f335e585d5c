from typing import Any, TypeVar

T = TypeVar("T")
NDArray = Any | T  # of anything: Any, and an alias of it is a type all the same

def __getattr__(name: str) -> Any: ...
