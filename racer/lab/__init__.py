"""The lab: write a reward, and see the cars learn it within seconds of every save."""
