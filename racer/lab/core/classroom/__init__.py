"""A class on one machine: people, their turns, races and what they came to. No web in here."""
