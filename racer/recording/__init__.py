"""Recordings of laps: every step of every car, written to a .npz file and read back."""
