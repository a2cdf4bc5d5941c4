"""Settings for the property tests of this directory."""

from hypothesis import settings

# The first reading looked up imports pypinyin, which takes longer than an example may.
settings.register_profile("phrases", deadline=None)
settings.load_profile("phrases")
