"""The supervisor's desk: replay a recorded call, see what happened, read and hear the findings."""
