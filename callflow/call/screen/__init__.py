"""What the agent sees of a call, folded from its events: pure, so that a replay shows the same screen."""

from callflow.call.screen.desk import Desk, LastCall, Notice
from callflow.call.screen.screen import Screen

__all__ = ["Desk", "LastCall", "Notice", "Screen"]
