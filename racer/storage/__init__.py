"""Files that survive a crash: whole or absent, locked, hashed."""
