"""A class on one machine: people, whose turn it is, races and scores. Nothing of the web."""
