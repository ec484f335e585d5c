"""Drive a policy by the rules and say how far and how fast it went."""
