"""Encoders, under the paths of the published specification."""
