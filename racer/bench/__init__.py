"""`racer bench`: how fast the engine and the training are on this machine."""
