"""Arrays to and from safetensors files: no pickle, large ones are not copied, rows keep fields."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from racer.errors import BadRun

Arrays = dict[str, npt.NDArray[Any]]

_NUMBERS = {"f2": "F16", "f4": "F32", "f8": "F64", "i1": "I8", "i4": "I32", "i8": "I64"}
_NUMBERS |= {"u1": "U8", "u2": "U16", "u4": "U32", "u8": "U64", "b1": "BOOL"}
_FIELD = re.compile(r"[<|][fiub][1248]")


def chunks(arrays: Arrays) -> list[bytes | memoryview]:
    """A safetensors file in pieces, so that a replay buffer is never copied to be written."""
    header: dict[str, Any] = {}
    body: list[bytes | memoryview] = []
    at = 0
    for name, array in arrays.items():
        array = np.ascontiguousarray(array).reshape(array.shape)
        kind = _NUMBERS[array.dtype.str[1:]]
        header[name] = {
            "dtype": kind,
            "shape": array.shape,
            "data_offsets": [at, at + array.nbytes],
        }
        at += array.nbytes
        body.append(array.reshape(-1).view(np.uint8).data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return [struct.pack("<Q", len(text)), text, *body]


def as_bytes(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rows with fields as bytes: safetensors knows numbers only."""
    if not array.dtype.names:
        return array
    return np.ascontiguousarray(array).view(np.uint8).reshape(*array.shape, array.itemsize)


def read(path: Path, fields: Mapping[str, Any]) -> Arrays:
    try:
        arrays: Arrays = safetensors.numpy.load_file(path)
        for name, described in fields.items():
            dtype = _dtype(described)
            arrays[name] = np.ascontiguousarray(arrays[name]).view(dtype)[..., 0]
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise BadRun(f"{path} cannot be read: {error}. Use an earlier checkpoint.") from error
    return arrays


def _dtype(described: Any) -> np.dtype[Any]:
    """A row's fields from their description; numbers and texts of a fixed size only."""
    parts: list[Any] = []
    for name, kind, *shape in described:
        if not _FIELD.fullmatch(kind):
            raise ValueError(f"the field {name!r} is no number")
        parts.append((str(name), kind, *(tuple(map(int, size)) for size in shape)))
    return np.dtype(parts)
