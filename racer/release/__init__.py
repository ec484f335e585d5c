"""Where good runs go: the gate before deployment, and object storage."""
