"""Tokenised traces in mapped shards: corpus, pairs, groups and splits."""
