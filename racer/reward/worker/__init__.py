"""The guarded process that runs a reward file."""
