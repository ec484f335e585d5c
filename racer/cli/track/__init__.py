"""List the tracks, or draw one."""
