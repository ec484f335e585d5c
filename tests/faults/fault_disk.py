"""B: disks and files."""
