"""Repair: the nearest plan that passes."""
