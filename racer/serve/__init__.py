"""A policy as a service: asked over HTTP, watched, and without torch.

`arrays` and `served` are what it sees and what it answers, `app` is the HTTP, `server` the
process. `log` keeps what it saw and did, `drift` compares that with what it learned on.
"""
