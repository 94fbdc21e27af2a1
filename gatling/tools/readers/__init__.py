"""Catalogues of vendors: one reader a format."""
