"""The official files: logs, sim-traces, metrics, hyper-parameters, a physical car's package."""
