"""Their formats to ours, and nothing else."""
