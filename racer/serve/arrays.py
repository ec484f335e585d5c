"""What a request holds, checked: numbers of the right shape and type, or a sentence."""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Arrays = dict[str, np.ndarray]
_MANY = 64  # numbers; of a larger array, a picture for instance, a log keeps a summary


class BadRequest(Exception):
    """Something in a request that cannot be used: a sentence for who sent it."""


class Array(NamedTuple):
    """One array that a policy sees of one car."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def is_picture(self) -> bool:
        """Bytes of one picture: (1, H, W) grey, (3, H, W) red, green and blue, or (H, W) grey."""
        flat = len(self.shape) == 2 or (len(self.shape) == 3 and self.shape[0] in (1, 3))
        return self.dtype == "uint8" and flat

    def read(self, value: Any) -> np.ndarray:
        """(1, *shape) of this type from lists of numbers.

        Raises:
            BadRequest: another shape, no numbers, or numbers that the type does not hold.
        """
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.empty(0, object)
        kind = np.dtype(self.dtype).kind
        if array.dtype.kind not in ("iu" if kind in "iu" else "iuf"):
            numbers = "whole numbers" if kind in "iu" else "numbers"
            raise BadRequest(f"{self.name} must be {self._shown} of {numbers}.")
        if array.shape != self.shape:
            given = _shape(array.shape)
            raise BadRequest(f"{self.name} has {given}; {self._shown} is needed.")
        if kind in "iu":
            ends = np.iinfo(self.dtype)
            if array.size and not ends.min <= array.min() <= array.max() <= ends.max:
                raise BadRequest(f"{self.name} must be of {ends.min} to {ends.max}.")
        with np.errstate(over="ignore"):
            array = array.astype(self.dtype)
        if not np.isfinite(array).all():
            raise BadRequest(f"{self.name} holds a number that is not finite.")
        return array[None]

    def picture(self, text: str) -> np.ndarray:
        """(1, *shape) from a PNG or JPEG in base64 of exactly this size.

        Raises:
            BadRequest: no such picture, or of another size.
        """
        from PIL import Image

        height, width = self.shape[-2:]
        try:
            content = base64.b64decode(text, validate=True)
            image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
            if image.size == (width, height):  # before anything is unpacked
                image.load()
        except (binascii.Error, ValueError, OSError, SyntaxError, Image.DecompressionBombError):
            raise BadRequest("picture must be a PNG or JPEG file in base64.") from None
        if image.size != (width, height):
            given = f"{image.size[0]} x {image.size[1]}"
            raise BadRequest(f"picture is {given}; {width} x {height} pixels are needed.")
        if self.shape[:-2] != (3,):
            return np.asarray(image.convert("L")).reshape(1, *self.shape)
        return np.ascontiguousarray(np.asarray(image.convert("RGB")).transpose(2, 0, 1)[None])

    @property
    def features(self) -> list[str]:
        """What a log keeps of it: each number by its place, or of many a summary."""
        count = math.prod(self.shape)
        if count > _MANY:
            return [f"{self.name} {what}" for what in ("mean", "10 %", "median", "90 %")]
        return [f"{self.name}[{i}]" for i in range(count)]

    def kept(self, array: np.ndarray) -> np.ndarray:
        """The numbers that `features` names: (N, F) float64 of (N, *shape)."""
        flat = array.reshape(len(array), -1).astype(np.float64)
        if flat.shape[1] <= _MANY:
            return flat
        return np.stack([flat.mean(axis=1), *np.percentile(flat, (10, 50, 90), axis=1)], axis=1)

    @property
    def _shown(self) -> str:
        return _shape(self.shape)


def read_observation(arrays: Sequence[Array], given: Any) -> Arrays:
    """Every array of an observation: the one itself, or a table of them by name.

    Raises:
        BadRequest: an array is missing, unknown, or wrong.
    """
    if len(arrays) == 1 and not isinstance(given, Mapping):
        return {arrays[0].name: arrays[0].read(given)}
    names = [one.name for one in arrays]
    if not isinstance(given, Mapping) or set(given) != set(names):
        raise BadRequest(f"observation must be a table with {', '.join(names)}.")
    return {one.name: one.read(given[one.name]) for one in arrays}


def number(params: Mapping[str, Any], key: str, limit: float) -> float:
    """A finite number of DeepRacer's params.

    Raises:
        BadRequest: missing, no number, or outside ±limit.
    """
    value = params.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(f"params needs {key}, a number.")
    if not (math.isfinite(value) and abs(value) <= limit):
        raise BadRequest(f"params has {key} outside -{limit:g} to {limit:g}.")
    return float(value)


def _shape(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"a list of {shape[0]} numbers"
    return f"an array of {' x '.join(map(str, shape))}" if shape else "one number"
