"""The guard: what a running agent asks before it acts."""
