"""Many calls at once: what to replay, by whom, and into which archive."""
