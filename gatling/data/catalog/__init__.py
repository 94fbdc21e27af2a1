"""Tools that agents call: facts from machine-readable sources, and what is concluded from them. Imports no torch."""
