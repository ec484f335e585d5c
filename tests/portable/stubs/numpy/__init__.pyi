# Everything in NumPy is Any where the types of another platform are checked: see ../../mypy.ini.
from typing import Any

def __getattr__(name: str) -> Any: ...
