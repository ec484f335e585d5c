"""Kernels: numbers in, numbers out; NumPy and numba only."""
