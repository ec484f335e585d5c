"""F: time and load."""
