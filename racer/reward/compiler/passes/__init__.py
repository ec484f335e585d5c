"""Rewrites of a reward's syntax tree, one file each; none knows another."""
