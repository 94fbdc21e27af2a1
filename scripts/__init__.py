"""Run from the root of the repository: `python -m scripts.NAME`."""
