"""Gets values out of spoken Mandarin: digit strings, and what follows "我叫" or "地址是".

Everything here works on ``Keys``, so that it serves recognisers that write characters and those that write pinyin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from rapidfuzz.distance import LCSseq, Levenshtein
from rapidfuzz.fuzz import partial_ratio

from callflow.phrases.readings import reading
from callflow.phrases.sounds import ENDERS, HIDDEN, PAUSES, Keys, Sounds, plain_syllable

_WRITTEN = {
    **{str(n): str(n) for n in range(10)},
    **{chr(ord("０") + n): str(n) for n in range(10)},
    **dict.fromkeys("零〇洞", "0"),
    **dict.fromkeys("一幺壹", "1"),
    **dict.fromkeys("二两贰俩", "2"),
    **dict.fromkeys("三叁", "3"),
    **dict.fromkeys("四肆", "4"),
    **dict.fromkeys("五伍", "5"),
    **dict.fromkeys("六陆", "6"),
    **dict.fromkeys("七柒", "7"),
    **dict.fromkeys("八捌", "8"),
    **dict.fromkeys("九玖", "9"),
    **{mark: mark for mark in HIDDEN},
}
_SPOKEN = {
    "ling": "0", "dong": "0", "yi": "1", "yao": "1", "er": "2", "liang": "2", "san": "3", "si": "4", "wu": "5",
    "liu": "6", "qi": "7", "guai": "7", "ba": "8", "jiu": "9",
}  # fmt: skip
_HARDLY = {"shi": "4", "lu": "6", "lin": "0", "shan": "3", "gou": "9", "ai": "2", "ji": "7", "niu": "6"}
"""What a digit is misheard as; believed only between digits."""
_FIRST_MARKS = HIDDEN[:10]
WRITTEN_DIGITS = re.compile(f"[{''.join(_WRITTEN)}]")
SHORTEST_RUN = 3
"""Fewer digits in a row are a plain word (一下, 三天), not a number that was dictated."""

_LEADS = (
    "嗯", "呃", "啊", "哦", "噢", "唉", "喂", "好的", "好", "行", "可以", "对", "那个", "那", "这个", "就是",
    "就是我", "是我",
    "是的", "对的", "没错", "是", "不是", "不对", "错了", "应该是", "我的", "我叫", "我是", "我姓", "叫", "姓", "名字",
    "在", "从", "到", "送到", "发到", "您记一下", "你记一下", "没问题", "就",
    "改成", "改为",
)  # fmt: skip
_LEAD_SYLLABLES = (
    "ēn", "ń", "ńg", "è", "à", "ó", "ō", "wèi", "hǎo de", "hǎo", "xíng", "kě yǐ", "duì", "bú shì", "bù shì",
    "bú duì", "bù duì", "cuò le", "yīng gāi shì", "nà ge", "nà gè", "nà", "zhè ge",
    "zhè gè", "jiù shì", "shì de", "shì", "wǒ de", "wǒ jiào", "wǒ shì", "wǒ xìng", "jiào", "xìng", "míng zi", "zài",
    "cóng", "dào", "sòng dào", "fā dào", "nín jì yí xià", "nǐ jì yí xià", "nín jì yī xià", "nǐ jì yī xià",
    "méi wèn tí", "duì de", "méi cuò", "jiù",
    "gǎi chéng", "gǎi wéi", "jiù shì wǒ", "shì wǒ",
)  # fmt: skip
_TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
"""The tone marks, as they stand apart from their vowels."""
_TAILS = ("吧", "啊", "呀", "哦", "嘛", "就行", "就可以", "就好", "谢谢")
_TITLES = ("先生", "小姐", "女士", "师傅", "经理", "老师", "老板")
_QUESTION_TAILS = ("对吗", "对吧", "是吗", "是吧", "对不对", "是不是", "没错吧", "正确吗")
_GIVES = {"是": "shì", "叫": "jiào", "为": "wéi", "就是": "jiù shì", "应该是": "yīng gāi shì", "改成": "gǎi chéng",
          "改为": "gǎi wéi"}  # fmt: skip
"""What stands between a label and its value where the customer gives one unasked."""
_NO_VALUE = {
    "怎么": "zěn me", "什么": "shén me", "能不能": "néng bù néng", "是不是": "shì bú shì", "可不可以": "kě bù kě yǐ",
    "行不行": "xíng bù xíng", "有没有": "yǒu méi yǒu", "能否": "néng fǒu", "多久": "duō jiǔ", "多少": "duō shǎo",
    "哪里": "nǎ lǐ", "哪儿": "nǎ er", "没听清": "méi tīng qīng", "没听见": "méi tīng jiàn", "听不清": "tīng bù qīng",
    "等一下": "děng yí xià", "等一等": "děng yī děng", "等等": "děng děng", "等会": "děng huì", "稍等": "shāo děng",
    "再说一": "zài shuō yī", "不知道": "bù zhī dào", "不清楚": "bù qīng chǔ", "不记得": "bú jì dé", "忘了": "wàng le",
    "找一下": "zhǎo yí xià", "看一下": "kàn yí xià", "查一下": "chá yí xià", "问一下": "wèn yí xià",
    "我想": "wǒ xiǎng", "我找找": "wǒ zhǎo zhǎo", "我看看": "wǒ kàn kàn", "还没": "hái méi",
}  # fmt: skip
"""A clause with one of these asks, puts off or complains; it gives no value."""
_ASKS = ("吗", "呢", "ma", "ne", "ma5", "ne5")
_SPEAKS_TO_US = {"你": "nǐ", "您": "nín"}
_SPEAKS = {**_SPEAKS_TO_US, "我": "wǒ"}
_GOES_OVER = (*_SPEAKS, "明天", "今天", "后天", "能", "可以", "请", "麻烦")
"""A clause that begins so does not go on with the address or the goods before it."""


@dataclass(frozen=True, slots=True)
class DigitRun:
    """Digits spoken in a row, with their span in the key."""

    digits: str
    start: int
    end: int


def digit_runs(keys: Keys, shortest: int = SHORTEST_RUN) -> list[DigitRun]:
    """The runs of at least ``shortest`` digits in what was said; punctuation and pauses do not break a run."""
    if isinstance(keys.source, str) and len(WRITTEN_DIGITS.findall(keys.source)) < shortest:
        return []  # most sentences
    spoken = [keys.source[place] for place in keys.places]
    sure = [_digit(item, isinstance(keys.source, str)) for item in spoken]
    if len(sure) - sure.count("") < shortest:
        return []
    last = len(spoken) - 1
    digits = [
        digit or (_hardly(item) if 0 < i < last and sure[i - 1] and sure[i + 1] else "")
        for i, (digit, item) in enumerate(zip(sure, spoken, strict=True))
    ]
    runs: list[DigitRun] = []
    start = 0
    for i, digit in enumerate([*digits, ""]):
        if digit:
            continue
        if i - start >= shortest:
            runs.append(DigitRun("".join(digits[start:i]), start, i))
        start = i + 1
    return runs


def agree(one: str, other: str) -> bool:
    """Whether two runs of digits are the same, as far as can be told: marks of the two kinds for hidden digits (before
    and after a crash) cannot be compared."""
    return len(one) == len(other) and all(
        a == b or (a in HIDDEN and b in HIDDEN and (a in _FIRST_MARKS) != (b in _FIRST_MARKS))
        for a, b in zip(one, other, strict=True)
    )


def _digit(item: str, is_text: bool) -> str:
    return _WRITTEN.get(item, "") if is_text or item in HIDDEN else _SPOKEN.get(plain_syllable(item), "")


def _hardly(item: str) -> str:
    name = reading(item) if len(item) == 1 and not item.isascii() else plain_syllable(item)
    return _SPOKEN.get(name) or _HARDLY.get(name, "")


class ValueReader:
    """Takes names, addresses and the like out of sentences."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds
        self._titles = [sounds.of_text(title).key for title in _TITLES]
        self._tails = [sounds.of_text(tail).key for tail in _TAILS]
        self._questions = [sounds.of_text(tail).key for tail in _QUESTION_TAILS]

    def key(self, text: str) -> str:
        return self._sounds.of_text(text).key

    def asks_back(self, keys: Keys) -> bool:
        """Whether the sentence ends in 对吗 or the like."""
        end = keys.key[-6:]
        return any(tail in end for tail in self._questions)

    def plain(self, keys: Keys, start: int, end: int) -> tuple[int, int]:
        """The span without leading 嗯, 我叫, 是 … and trailing particles or 对吗."""
        moved = True
        while moved and start < end:
            moved = False
            step = self._lead(keys, start, end)
            if step:
                start, moved = start + step, True
        moved = True
        while moved and start < end:
            moved = False
            for tail in (*self._questions, *self._tails):
                if keys.key[start:end].endswith(tail) and self._is_tail(keys, end, len(tail)):
                    end, moved = end - len(tail), True
        return start, end

    def gives(self, keys: Keys, start: int, end: int) -> bool:
        """Whether the span begins with 是 or the like: the customer is telling a value."""
        return bool(_longest(keys, start, end, _GIVES_SAID))

    def given(self, keys: Keys, start: int, end: int, name: bool, later: bool, corrects: bool) -> tuple[int, int]:
        """The span of the value that a customer gives; empty where it is none, but a question or 等一下.

        ``name``: a single clause, and none about oneself. ``later``: it goes on from an earlier utterance.
        ``corrects``: of "不是南京，是北京" the value comes after 是.
        """
        whole, (start, end) = start, self.plain(keys, start, end)
        pauses = [place for place in range(start + 1, end) if _pause_before(keys, place)]
        if corrects:
            whole = start = next((place for place in reversed(pauses) if self.gives(keys, place, end)), start)
            pauses = [place for place in pauses if place > start]
        clauses = list(zip([start, *pauses], [*pauses, end], strict=True))
        if later and self._goes_over(keys, *clauses[0]):
            return start, start
        for begin, stop in clauses[1:]:
            if name or self._goes_over(keys, begin, stop):
                end = begin
                break
        start, end = self.plain(keys, start, end)
        if _longest(keys, start, end, _SPEAKS_SAID if name else _SPEAKS_TO_US_SAID) or _is_no_value(keys, whole, end):
            return start, start
        return start, end

    @staticmethod
    def _is_tail(keys: Keys, end: int, length: int) -> bool:
        """Written, a particle is known by its character: 亚麻 does not end in 嘛."""
        return length > 1 or not isinstance(keys.source, str) or keys.source[keys.places[end - 1]] in _TAILS

    def _goes_over(self, keys: Keys, start: int, end: int) -> bool:
        begin, _ = self.plain(keys, start, end)
        text = "".join(_items(keys, begin, end)) if isinstance(keys.source, str) else ""
        return text.startswith(_GOES_OVER) or _is_no_value(keys, start, end)

    def words(self, keys: Keys, start: int, end: int) -> str:
        """The words of a span of the key, punctuation inside kept."""
        return keys.said(*keys.span(start, end)).strip() if end > start else ""

    def likeness(self, one: str, other: str) -> float:
        """How alike two keys sound, 0 to 1; a syllable that is half right counts half."""
        return Levenshtein.normalized_similarity(self._sounds.halves(one), self._sounds.halves(other))

    def same_name(self, name: str, read: str, likeness: float) -> bool:
        """Whether the key ``read`` is ``name``: alike, with the same surname; 王先生 may be 王建国."""
        title = next((title for title in self._titles if read.endswith(title) and len(read) > len(title)), "")
        read = read.removesuffix(title)
        if title and len(read) < len(name):
            return name.startswith(read)
        return read[:1] == name[:1] and self.likeness(read, name.removesuffix(title)) >= likeness

    def worst_stretch(self, value: str, read: str) -> float:
        """How much differs where the keys differ most: syllables wrong, less a quarter for each in the stretch.

        Scattered slips of two recognisers come to little, another street to its length. What ``value`` has before and
        behind ``read`` does not count: a part of it may be read back.
        """
        wrong = [0.0] * len(value)
        gone = [0] * len(value)
        for step in Levenshtein.editops(self._sounds.halves(value), self._sounds.halves(read)):
            place = min(step.src_pos // 2, len(value) - 1)
            wrong[place] += 0.5
            gone[place] += step.tag == "delete"
        there = [place for place, halves in enumerate(gone) if halves < 2]
        worst = stretch = 0.0
        for cost in wrong[there[0] : there[-1] + 1] if there else wrong:
            stretch = max(0.0, stretch + cost - 0.25)
            worst = max(worst, stretch)
        return worst

    def holds(self, whole: str, part: str, likeness: float) -> bool:
        """Whether the key ``part`` is somewhere in ``whole``, at least so alike (more than two thirds)."""
        # So many syllables must be right for that, even where ``part`` is cut off at the end of ``whole``; most
        # sentences have fewer, which is told sooner.
        least = len(part) * (1.5 * likeness - 1) / (1 - 0.5 * likeness)
        if len(part) > len(whole) or LCSseq.similarity(part, whole) < least:
            return False
        halves = self._sounds.halves
        return bool(partial_ratio(halves(part), halves(whole), score_cutoff=100 * likeness))

    def _lead(self, keys: Keys, start: int, end: int) -> int:
        return _longest(keys, start, end, _LEADS_SAID)


def _items(keys: Keys, start: int, end: int) -> list[str]:
    return [keys.source[keys.places[i]] for i in range(start, end)]


def _pause_before(keys: Keys, place: int) -> bool:
    """Whether punctuation is set before ``place``; spaces are not believed, as some recognisers set them anywhere."""
    between = keys.source[keys.places[place - 1] + 1 : keys.places[place]]
    return any(char in ENDERS + PAUSES for item in between for char in item)


def _longest(keys: Keys, start: int, end: int, words: _Words) -> int:
    """The length of the longest of ``words`` that the span begins with, 0 where it begins with none."""
    items = _items(keys, start, min(end, start + 6))
    if isinstance(keys.source, str):
        found = words.written.match("".join(items))
        return len(found[0]) if found else 0
    spoken = [toned(item) for item in items]
    return max((len(word) for word in words.spoken if _begins(spoken, word)), default=0)


def _is_no_value(keys: Keys, start: int, end: int) -> bool:
    """Whether the span asks, puts off or complains rather than tells."""
    if start >= end:
        return False
    if keys.source[keys.places[end - 1]] in _ASKS:
        return True
    if isinstance(keys.source, str):
        return bool(_NO_VALUE_SAID.written.search("".join(_items(keys, start, end))))
    return any(_longest(keys, place, end, _NO_VALUE_SAID) for place in range(start, end))


def toned(syllable: str) -> tuple[str, str]:
    """A syllable without its tone, and the tone (``"1"`` to ``"4"``; ``""`` neutral or unknown)."""
    if syllable[-1:].isdigit():
        return plain_syllable(syllable), syllable[-1].strip("05")
    return plain_syllable(syllable), next((_TONES[c] for c in normalize("NFD", syllable) if c in _TONES), "")


def _begins(spoken: Sequence[tuple[str, str]], lead: Sequence[tuple[str, str]]) -> bool:
    """Whether ``spoken`` begins with ``lead``; a tone that is not known may be any."""
    return len(spoken) >= len(lead) and all(
        syllable == wanted and (not tone or not asked or tone == asked)
        for (syllable, tone), (wanted, asked) in zip(spoken, lead, strict=False)
    )


class _Words:
    """Words to look for, as characters and as syllables with their tones."""

    def __init__(self, written: Iterable[str], spoken: Iterable[str]) -> None:
        self.written = re.compile("|".join(sorted(written, key=len, reverse=True)))  # the longest is tried first
        self.spoken = tuple(tuple(toned(syllable) for syllable in word.split()) for word in spoken)


_LEADS_SAID = _Words(_LEADS, _LEAD_SYLLABLES)
_GIVES_SAID = _Words(_GIVES, _GIVES.values())
_NO_VALUE_SAID = _Words(_NO_VALUE, _NO_VALUE.values())
_SPEAKS_SAID = _Words(_SPEAKS, _SPEAKS.values())
_SPEAKS_TO_US_SAID = _Words(_SPEAKS_TO_US, _SPEAKS_TO_US.values())
