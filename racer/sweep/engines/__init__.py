"""What runs the trainings of a sweep: one file per engine; the file name is its name.

A module has `start(address, workers, scratch) -> Engine`. Every library used here hands out
`concurrent.futures.Future`s, and that is all a sweep needs of it. joblib's own front door is not
used, because with Ray it gives nothing back before the last run has ended (joblib 1.6: no
`return_as="generator_unordered"` there), and then a kill would lose finished runs; loky, which
joblib brings, is.
"""

from racer.sweep.engines.base import Engine, names, start

__all__ = ["Engine", "names", "start"]
