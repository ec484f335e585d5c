"""Tracks: read from files, checked, and written."""

from racer.tracks.track import Track

__all__ = ["Track"]
