"""Options of the command line, by door; ``cli`` puts them together."""
