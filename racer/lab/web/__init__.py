"""The lab over HTTP: guard, sockets, JSON, and a page that needs no framework."""
