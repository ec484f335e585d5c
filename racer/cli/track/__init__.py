"""List the tracks, look at one, draw or generate your own."""
