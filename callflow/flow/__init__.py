"""The flow language: YAML text in, frozen values and Problems out. Pure: reads no file, runs no code."""
