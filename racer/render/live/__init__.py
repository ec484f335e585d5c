"""Watch a training while it learns: what it says of itself, and the window that shows it."""
