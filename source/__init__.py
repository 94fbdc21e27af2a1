"""Stable import paths of the published specification. The code is in `gatling`; nothing else goes in here."""
