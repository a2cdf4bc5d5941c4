"""A flow as a picture: ``build`` makes a graph of it, ``dot`` and ``mermaid`` write that as text, all of it pure."""
