"""Where sentences begin and end, for phrases that only count as a sentence of their own.

不知道 is a taboo; 我不知道您方不方便 is not. Punctuation is a boundary, so are the ends of the utterance; and what
people put before and after without saying anything (嗯，那个，我 … 啊，呢，的) does not stand in the way.
"""

from __future__ import annotations

from callflow.flow.model import Boundary
from callflow.phrases import policy
from callflow.phrases.lines import Found
from callflow.phrases.sounds import Keys, Sounds

BEFORE = """
嗯 呃 啊 哦 噢 喔 哎 唉 诶 哈 呀 那 那个 这 这个 这事 就是 就 也 都 可 但 但是 可是 不过 其实 所以 反正 我 我们 咱们
真 真的 确实 实在 肯定 绝对 根本 好 好的 是 是的 对 对不起 不好意思 抱歉 您好 你好 先生 女士 小姐
"""
"""What may come before a sentence and still leave it one of its own."""

AFTER = "啊 呀 呢 吧 嘛 了 的 哦 噢 喔 啦 哎 嗯 呃 哈 哟 您 你 先生 女士 小姐"
"""What may follow it. 吗 may not: it turns a statement into a question."""

SUBJECTS = "我 这"
"""A line that begins with a subject of its own begins a sentence, where the recogniser of sounds sets no marks."""

_MOST = 3
"""So many of them in a row, at most."""


class Edges:
    """Judges whether a line is where the boundary of its phrase wants it."""

    def __init__(self, sounds: Sounds) -> None:
        self._before = frozenset(sounds.of_text(word).key for word in BEFORE.split())
        self._after = frozenset(sounds.of_text(word).key for word in AFTER.split())
        self._subjects = tuple(sounds.of_text(word).key for word in SUBJECTS.split())
        self._ma = sounds.code("ma")

    def allow(self, keys: Keys, found: Found, boundary: Boundary, complete: bool = True) -> bool:
        """Whether ``found`` may count under ``boundary``; very short hits may not join two sentences either.

        Unless ``complete``, more words may follow and the end of ``keys`` is no boundary by itself.
        """
        if found.end - found.start <= policy.LONGEST_JOINED and any(
            keys.stops_at(place) for place in range(found.start + 1, found.end)
        ):
            return False
        if boundary == "utterance":
            return complete and (found.start, found.end) == (0, len(keys))
        if boundary in ("start", "sentence") and not self._begins(keys, found.start):
            return False
        return boundary not in ("end", "sentence") or self._ends(keys, found.end, complete)

    def at(self, keys: Keys, found: Found, complete: bool = True) -> float:
        """How many ends of ``found`` are edges of a sentence, 0 to 2; an end of which nothing can tell counts in part.

        Recognisers of syllables set no marks, so that only where all begins and ends is sure.
        """
        unknown = policy.UNKNOWN_EDGE if not isinstance(keys.source, str) else 0.0
        return max(unknown, self._begins(keys, found.start)) + max(unknown, self._ends(keys, found.end, complete))

    def asks_instead(self, keys: Keys, found: Found) -> bool:
        """Whether ``found`` ends in 吗 and its line does not: the question is another sentence."""
        return found.line.literals[-1].key[-1] != self._ma and self._asks(keys, found.end - 1)

    def _begins(self, keys: Keys, place: int) -> bool:
        if not isinstance(keys.source, str) and keys.key.startswith(self._subjects, place):
            return True
        for _ in range(_MOST + 1):
            if keys.breaks_at(place):
                return True
            size = next((n for n in (4, 3, 2, 1) if n <= place and keys.key[place - n : place] in self._before), 0)
            if not size:
                return False
            place -= size
        return False

    def _ends(self, keys: Keys, place: int, complete: bool) -> bool:
        for _ in range(_MOST + 1):
            if keys.breaks_at(place):
                return complete or place < len(keys) or keys.places[-1] < len(keys.source) - 1
            size = next((n for n in (2, 1) if place + n <= len(keys) and keys.key[place : place + n] in self._after), 0)
            if not size or self._asks(keys, place):
                return False
            place += size
        return False

    def _asks(self, keys: Keys, place: int) -> bool:
        """Whether the word at ``place`` is 吗, as far as characters tell it from 嘛."""
        return keys.key[place] == self._ma and keys.source[keys.places[place]] in ("吗", "嗎")
