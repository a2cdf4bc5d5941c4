"""callflow: a Mandarin-first guidance engine for telephone calls."""

__version__ = "0.1.0"
