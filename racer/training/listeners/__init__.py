"""What listens to a training: metrics, progress, checkpoints, curves."""
