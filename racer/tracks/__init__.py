"""Tracks: loading, checking, and the geometry that rewards and cars are judged by."""

from racer.tracks.track import Track

__all__ = ["Track"]
