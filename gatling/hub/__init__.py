"""Pushing models to the Hugging Face Hub, and pulling them from it."""
