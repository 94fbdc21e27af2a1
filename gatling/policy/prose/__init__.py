"""What prose in a policy enforces: sentences become checks where they are certain, and what else forbids leaves calls open."""
