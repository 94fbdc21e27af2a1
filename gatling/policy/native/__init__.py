"""The native policy format: its JSON Schema, and what of a policy does not belong to it."""
