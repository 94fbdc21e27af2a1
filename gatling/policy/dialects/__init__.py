"""Formats of other systems inside policies: one file a format."""
