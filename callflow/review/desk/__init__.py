"""The supervisor's desk: pages and JSON of calls, added to the shell of ``callflow serve`` by ``desk.add``."""
