"""A frozen TensorFlow graph in bytes, without TensorFlow: the few messages of its protobuf.

Written by hand because a car's software reads nothing else, TensorFlow weighs 600 MB, and these
messages are a page. Field numbers: graph.proto, node_def.proto, attr_value.proto,
tensor_shape.proto and tensor.proto of tensorflow/core/framework; wire format: protobuf.dev.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

_VARINT, _BYTES = 0, 2
_FLOAT, _INT32 = 1, 3  # DataType
_PRODUCER = 1087  # of TensorFlow 1.15, which the official simulator has


class Graph:
    """Nodes of a frozen graph; `add` names them, `content` is the file."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._numbers = itertools.count()

    def placeholder(self, name: str, shape: Sequence[int]) -> str:
        """A float32 input; -1 is any size."""
        return self._node(
            "Placeholder", name, (), dtype=_type(_FLOAT), shape=_field(7, _shape(shape))
        )

    def constant(self, value: Any, kind: str = "float32") -> str:
        """Numbers, float32 or int32."""
        array = np.ascontiguousarray(np.asarray(value, kind))
        number = _FLOAT if kind == "float32" else _INT32
        content = _number(1, number) + _field(2, _shape(array.shape)) + _field(4, array.tobytes())
        return self._node("Const", "", (), dtype=_type(number), value=_field(8, content))

    def add(self, operation: str, *inputs: str, name: str = "", **attributes: bytes) -> str:
        """A node of float32 numbers; returns its name."""
        return self._node(operation, name, inputs, T=_type(_FLOAT), **attributes)

    def content(self) -> bytes:
        """The GraphDef."""
        return b"".join(_field(1, node) for node in self._nodes) + _field(4, _number(1, _PRODUCER))

    def _node(self, kind: str, name: str, inputs: Sequence[str], **attributes: bytes) -> str:
        name = name or f"{kind.lower()}_{next(self._numbers)}"
        pairs = (_field(1, key.encode()) + _field(2, attributes[key]) for key in sorted(attributes))
        self._nodes.append(
            _field(1, name.encode())
            + _field(2, kind.encode())
            + b"".join(_field(3, one.encode()) for one in inputs)
            + b"".join(_field(5, pair) for pair in pairs)
        )
        return name


def text(value: str) -> bytes:
    """An attribute that is a word."""
    return _field(2, value.encode())


def integers(values: Sequence[int]) -> bytes:
    """An attribute that is a list of integers."""
    return _field(1, b"".join(_number(3, value) for value in values))


def flag(value: bool) -> bytes:
    """An attribute that is true or false."""
    return _number(5, int(value))


def int32() -> bytes:
    """An attribute that is a type: of the sizes that Slice and Reshape take."""
    return _type(_INT32)


def _type(number: int) -> bytes:
    return _number(6, number)


def _shape(sizes: Sequence[int]) -> bytes:
    return b"".join(_field(2, _number(1, size)) for size in sizes)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value & 2**64 - 1)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
