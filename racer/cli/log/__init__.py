"""Logs of the official simulator: compare with the engine, identify vehicles, import.

LOG is a sim-trace CSV, a text log with SIM_TRACE_LOG lines, a model folder or a .tar.gz of one.
"""
