"""Policies to and from other programs."""
