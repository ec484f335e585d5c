"""What a reward file does, before an hour is spent on training it."""
