"""Drafts and the warm process that trains them; no web, no window."""
