"""The official simulator's files: logs, sim-traces, metrics, hyper-parameters."""
