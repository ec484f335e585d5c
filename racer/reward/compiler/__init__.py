"""Reward files as kernels: the same values as plain Python, or plain Python."""
