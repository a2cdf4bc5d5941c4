"""Slips of the finger, for tests of what is told of them."""

from __future__ import annotations


def slip(word: str, turn: int) -> str:
    """One slip of the finger: two letters swapped, one twice, one left out, one wrong."""
    at = turn % len(word)
    if at + 1 == len(word):
        at -= len(word) > 1
    match (turn // len(word)) % 4:
        case 0 if word[at] != word[at + 1]:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 2 if len(word) > 2:
            return word[:at] + word[at + 1 :]
        case 3:
            return word[:at] + "qj"[word[at] == "q"] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]
