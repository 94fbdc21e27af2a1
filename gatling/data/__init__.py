"""Traces as training data: the corpus, splits, batches, and the synthetic demonstration set."""
