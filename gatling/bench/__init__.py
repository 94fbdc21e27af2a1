"""Benchmarks of whole guards."""
