"""The critics: each gives every call of a plan an energy of zero or more. One file a critic."""
