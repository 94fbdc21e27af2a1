"""Where values come from: an index of all that an agent has read, and whose text each tool returns."""
