"""What must never be said may be told of, denied or supposed, and then was not said.

客户说这事不归我管 is a report, 不该说不知道 an apology, 不是没办法 denies it, 万一没法查 supposes it.

Works like ``boundaries``: by the words right before a line and right behind it, as far as there is no pause between,
so that 客户说货没到，这事不归我管 is no report.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from callflow.phrases.sounds import Keys, Sounds

WHO = "您 客户 顾客 用户 他 她 他们 对方 同事 客服 司机 师傅 仓库 先生 女士 小姐 有人"
WHEN = [
    "",
    "刚才",
    "之前",
    "上次",
    "是",
    "是想",
    "也",
    "都",
    "会",
    "跟您",
    "对您",
    "刚才跟您",
    "之前跟您",
    "回",
]
SAYS = "说 讲 问 回答 说的是 觉得 认为 以为 担心 反映 提到 抱怨"
ASIDE = "跟 和 给 对 向 与 告诉 让 叫"
"""Before 您, 他 these make them the ones spoken to: 我跟您说不可能 is no report."""
SO = "得 的"
"""Behind a verb these judge how it was said: 您说得对 tells of nothing."""
SORRY = "不该说 不应该说 不该跟您说 不应该跟您说 不该对您说 不应该对您说 不会跟您说 没说 没有说"
DENIES = "不是 并不是 并非 不会 绝不会 不存在"
"""Words right before a line that turn it round, where the line itself does not begin with them."""
SUPPOSES = "如果 要是 假如 假设 万一 如果说"
"""Words before a line that make it a mere case, unless it has 我 or 你 itself: 要是没货我也没办法 is said."""
SUCH = "这种话 这样的话 这句话 这话 是不对的 是不应该的 是不合适的 是我不对 是我们不对 的说法 的回答 这个说法"
"""Words right behind a line that speak of it: 不归我管这种话."""

_NEAR = 5
"""So many syllables may come between, for a line that was found may leave out what belongs to it (这事, 我们)."""


class Reports:
    """Judges whether a line is told of rather than said."""

    def __init__(self, sounds: Sounds) -> None:
        def keys_of(words: Iterable[str]) -> frozenset[str]:
            return frozenset(sounds.of_text(word).key for word in words)

        self._told = keys_of(map("".join, product(WHO.split(), WHEN, SAYS.split())))
        self._sorry = keys_of(SORRY.split())
        self._supposes = keys_of(SUPPOSES.split())
        self._speaker = tuple(keys_of(["我", "你", "您"]))
        self._denies = tuple(keys_of(DENIES.split()))
        self._aside, self._so, self._such = (tuple(keys_of(words.split())) for words in (ASIDE, SO, SUCH))
        self._sizes = range(2, max(map(len, self._told | self._sorry)) + 1)

    def tell_of(self, keys: Keys, start: int, end: int) -> bool:
        """Whether the words around ``start`` to ``end`` report, deny or suppose what is said there."""
        if keys.key[:start].endswith(self._denies) and not keys.breaks_at(start):
            return True
        for place in range(min(start + 1, len(keys)), max(1, start - _NEAR - 1), -1):
            if self._introduces(keys.key, place, start):
                return True
            if place <= start and keys.breaks_at(place):
                break
        return any(
            keys.key.startswith(self._such, place)
            for place in range(end, min(end + 3, len(keys)))
            if not any(keys.breaks_at(pause) for pause in range(end + 1, place + 1))
        )

    def _introduces(self, key: str, place: int, start: int) -> bool:
        """Whether the words up to ``place`` say that someone said the line at ``start``, or suppose it."""
        for size in self._sizes:
            words = key[max(0, place - size) : place]
            if words in self._sorry or (words in self._supposes and not key.startswith(self._speaker, start)):
                return True
            spoken_to = key[: max(0, place - size)].endswith(self._aside)
            if words in self._told and not spoken_to and not key.startswith(self._so, place):
                return True
        return False
