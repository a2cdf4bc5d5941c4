"""The agent's call: the live loop and the overlay that it is shown in."""
