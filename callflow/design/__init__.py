"""The flow designer's bench."""
