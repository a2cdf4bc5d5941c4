"""The archive: calls that were judged, what came of them, who looked at them, and who may; SQLite or PostgreSQL."""
