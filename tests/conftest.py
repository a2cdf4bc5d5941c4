"""One profile for all property tests: a slow machine is no failure, and every run tries the same examples."""

from hypothesis import settings

settings.register_profile("suite", deadline=None, max_examples=60, derandomize=True, database=None)
settings.load_profile("suite")
