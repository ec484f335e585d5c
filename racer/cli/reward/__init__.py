"""List rewards, check or draw one, repeat a failed call, score a real log with one."""
