"""This process: the signals it gets, the memory it has."""
