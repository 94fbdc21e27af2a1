"""Gold traces made from worlds, tasks, policies and wordings; an exact oracle decides their labels. Imports no torch."""
