"""Training: the config, the loop, checkpoints, the metrics log, the Hub.

`from gatling.training.config import TrainingConfig` and `from gatling.training.loop import fit`; nothing is imported here,
so that the command line can show its help without torch.
"""
