"""What compiled rewards call so that they mean what Python means."""
