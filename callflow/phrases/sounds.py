"""Mandarin as sounds: every syllable class is one code point, so that a sentence is a string of its syllables.

Recognisers confuse characters that sound alike (事业部 → 氏业补) but seldom the sounds themselves. ``Sounds`` maps each
Han character, digit and Latin letter to one code point of the private use area that stands for its toneless syllable;
strings of them are *keys*. All searching runs on keys with the tools made for strings, at their full speed, and
because one syllable is one code point every place in a key is a place in the text.

A character sounds as its commonest reading (``readings``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np

from callflow.phrases.readings import reading

UNKNOWN = "\uf8ff"
"""The sound of what we cannot read: it takes its place in a key and matches nothing, not even itself."""

ENDERS = "。！？!?；;…"
"""Punctuation that ends a sentence."""

PAUSES = "，,、：:—"
"""Punctuation that ends a clause. Recognisers set it by pauses, so it counts as a sentence boundary too."""

SPACES = " \u3000\t\n"
"""What some recognisers set instead."""

# fmt: off
FOLDS: dict[str, dict[str, str]] = {
    "n/l": {"l-": "n-"},
    "zh/z": {"zh-": "z-"},
    "ch/c": {"ch-": "c-"},
    "sh/s": {"sh-": "s-"},
    "an/ang": {"-ang": "-an", "-uang": "-uan"},
    "en/eng": {"-eng": "-en"},
    "in/ing": {"-ing": "-in"},
    "f/h": {"fa": "hua", "fan": "huan", "fang": "huang", "fei": "hui", "fen": "hun", "feng": "hong", "fo": "huo",
            "fu": "hu"},
}
"""The confusions that can be folded: an initial (``l-``), a final (``-ing``) or a syllable, and what it is read as."""
# fmt: on

DEFAULT_FOLDS = ("zh/z", "ch/c", "sh/s", "an/ang", "en/eng", "in/ing")
"""Folded unless told otherwise: what southern speakers do not distinguish and recognisers therefore mix up most.

n/l and f/h are regional (the south-west, Hunan, Fujian) and cost more than they bring: they join 你 with 里, 发 with
花, 费 with 会. Tried on the lines of the guides with 40 % of characters misheard, these six folds find 2.8 lines in
a hundred more than none; n/l would add 0.2, f/h nothing. Both still count as near sounds when a match is weighed.
"""

# fmt: off
SYLLABLES = tuple("""
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng cha
chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou cu cuan cui
cun cuo da dai dan dang dao de dei den deng di dia dian diao die ding diu dong dou du duan dui dun duo e ei en eng er
fa fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha
hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong
jiu ju juan jue jun ka kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang
lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve ma mai man mang mao me mei
men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie nin ning
niu nong nou nu nuan nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian
qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai
san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun
shuo si song sou su suan sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa
wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi
yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng
zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
""".split())  # noqa: SIM905
"""Every syllable of Mandarin without its tone, ``v`` for ü."""

_SPELT = {"n": "en", "ng": "en", "m": "en", "hm": "heng", "hng": "heng", "ê": "ei", "lue": "lve", "nue": "nve",
          "yai": "ya", "biang": "bang", "len": "leng", "eh": "ei"}
"""Other spellings; 嗯 is written n, ng or en, and heard as any of them."""

_DIGITS = dict(zip("0123456789", ["ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"], strict=True))

# fmt: on

HIDDEN = "αβγδεζηθικλμνξοπρστυ"
"""Marks that stand for digits which are hidden (``call.hiding``): each sounds like itself and like nothing else."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CODE = {name: chr(0xE000 + i) for i, name in enumerate((*SYLLABLES, *_LETTERS, *HIDDEN))}
_INITIAL = re.compile("zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]|")
_HALVES_START = 0xE800
_LONG = 120
_UNSEEN = 0xFFFF
_SPOKEN_DIGITS = frozenset(_DIGITS.values()) | {"yao"}
_TONE_MARKS = dict.fromkeys(map(ord, "\u0300\u0301\u0304\u0306\u030c"))


class Keys:
    """What was heard, as sounds: ``key`` has one code point for each syllable, punctuation and spaces dropped.

    ``source`` is the text, or the tuple of syllables, that the key was made from; all spans that are reported count
    in it. Whatever costs time is worked out only when asked for: most sentences hit nothing.
    """

    __slots__ = ("_pauses", "_places", "key", "source")

    def __init__(self, key: str, source: str | tuple[str, ...], places: Sequence[int] | None = None) -> None:
        self.key = key
        self.source = source
        self._places = places
        self._pauses = ""

    @property
    def places(self) -> Sequence[int]:
        """For each place in ``key`` its index in ``source``."""
        if self._places is None:
            if len(self.key) == len(self.source):
                self._places = range(len(self.key))
            else:
                spoken = str.isalnum if isinstance(self.source, str) else _sounds
                self._places = [i for i, item in enumerate(self.source) if spoken(item)]
        return self._places

    def breaks_at(self, place: int) -> bool:
        """Whether a sentence or clause begins at ``place`` in ``key``, as far as punctuation tells, or all ends there.

        Spaces count as pauses (some recognisers set no other mark), unless there are so many that they plainly
        separate words.
        """
        if not self._pauses:
            words = isinstance(self.source, str) and self.source.count(" ") * 4 >= len(self.key)
            self._pauses = ENDERS + PAUSES if words else ENDERS + PAUSES + SPACES
        return self._marked(place, self._pauses)

    def stops_at(self, place: int) -> bool:
        """Whether a sentence begins at ``place`` in ``key``, or all ends there."""
        return self._marked(place, ENDERS)

    @property
    def paused(self) -> bool:
        """Whether a mark comes last among syllables: the speaker has paused. In a text marks are guesses, as words."""
        return not isinstance(self.source, str) and bool(self.key) and self.places[-1] < len(self.source) - 1

    def _marked(self, place: int, marks: str) -> bool:
        """Whether ``source`` has one of ``marks`` before ``place``; its beginning and end are marks themselves."""
        if place in (0, len(self.key)):
            return True
        between = self.source[self.places[place - 1] + 1 : self.places[place]]
        return any(char in marks for item in between for char in item)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of ``source`` that the non-empty span ``start`` to ``end`` of ``key`` was made from."""
        return self.places[start], self.places[end - 1] + 1

    def said(self, start: int, end: int) -> str:
        """The words of a span of ``source``; syllables are set apart by spaces."""
        part = self.source[start:end]
        return part if isinstance(part, str) else " ".join(part)

    def __len__(self) -> int:
        return len(self.key)

    def __repr__(self) -> str:
        return f"Keys({self.source!r})"


class Sounds:
    """Turns text and pinyin into keys. ``folds`` names the confusions (see ``FOLDS``) that count as one sound."""

    def __init__(self, folds: Iterable[str] = DEFAULT_FOLDS) -> None:
        self.folds = tuple(folds)
        folded = _folded(self.folds)
        self._code = _codes(folded)
        self._of_char = _CharTable(self._code)
        self._array = np.full(0x10000, _UNSEEN, np.uint16)
        self._of_syllable = _SyllableTable(self._code)
        self._halves = _halves(self._code, folded)
        self._bit = {code: 1 << place for place, code in enumerate(dict.fromkeys(self._code.values()))}
        self._names = {code: name for name, code in reversed(self._code.items())}

    def of_text(self, text: str) -> Keys:
        """The key of written words: each character with its commonest reading."""
        return Keys(text.translate(self._of_char), text) if len(text) < _LONG else self._of_long_text(text)

    def of_syllables(self, syllables: Iterable[str]) -> Keys:
        """The key of pinyin syllables: tone marks, tone digits or none; punctuation marks among them are boundaries.

        A single capital is a letter (``A``), what is no syllable sounds like nothing.
        """
        source = tuple(syllables)
        table = self._of_syllable
        key = "".join([table[syllable] for syllable in source])
        if self._yao in key:
            key = self._number_yao(key, source)
        return Keys(key, source)

    def code(self, syllable: str) -> str:
        """The code point of a plain syllable (``"zhuang"``) or a capital letter."""
        return self._code[syllable]

    def names(self, key: str) -> tuple[str, ...]:
        """The syllables of ``key``, each class by its first member: zh/z is ``za``; ``?`` for what cannot be read."""
        return tuple(self._names.get(code, "?") for code in key)

    def halves(self, key: str) -> str:
        """``key`` with each syllable as two symbols, initial and final.

        The edit distance of two such strings, halved, weighs a near sound (one half right) as half an error.
        """
        return key.translate(self._halves)

    def bits(self, key: str) -> int:
        """The syllables of ``key`` as a set: a bit for each, whatever their order and number."""
        found = 0
        for sound in key:
            found |= self._bit.get(sound, 0)
        return found

    def _of_long_text(self, text: str) -> Keys:
        """As ``text.translate``, by an array instead of a dictionary: ten times as fast, but slow to start."""
        points = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
        if len(points) != len(text):  # characters outside the basic plane take two units
            return Keys(text.translate(self._of_char), text)
        sounds = self._array[points]
        unseen = np.unique(points[sounds == _UNSEEN]).tolist()
        if unseen:
            self._array[unseen] = [ord(self._of_char[point] or "\0") for point in unseen]
            sounds = self._array[points]
        places = np.flatnonzero(sounds)
        return Keys(str(sounds[places].tobytes(), "utf-16-le"), text, places.data)

    @property
    def _yao(self) -> str:
        return self._code["yao"]

    def _number_yao(self, key: str, source: tuple[str, ...]) -> str:
        """幺 reads yao, but is the 一 of numbers: in a run of three digits or more it becomes one."""
        plain = [plain_syllable(item) for item in source if _sounds(item)]
        codes = list(key)
        start = 0
        for i in range(len(plain) + 1):
            if i < len(plain) and plain[i] in _SPOKEN_DIGITS:
                continue
            run = plain[start:i]
            if len(run) >= 3 and run.count("yao") < len(run):
                codes[start:i] = [self._code["yi" if name == "yao" else name] for name in run]
            start = i + 1
        return "".join(codes)


@cache
def plain_syllable(written: str) -> str:
    """A pinyin syllable without tone, in lower case, ``v`` for ü, erhua dropped; ``""`` where it is no syllable."""
    name = written.strip().rstrip("012345").lower().replace("u:", "v")
    name = unicodedata.normalize("NFD", name).translate(_TONE_MARKS)
    name = unicodedata.normalize("NFC", name).replace("ü", "v")
    if name[:1] in set("jqxy"):
        name = name.replace("v", "u")
    for guess in (name, name.removesuffix("r")):
        guess = _SPELT.get(guess, guess)
        if guess in _KNOWN:
            return guess
    return ""


class _CharTable(dict[int, str | None]):
    """For ``str.translate``: code point to sound, ``None`` to drop it; filled as characters come."""

    def __init__(self, code: dict[str, str]) -> None:
        self._code = code

    def __missing__(self, point: int) -> str | None:
        sound = self[point] = self._sound(chr(point))
        return sound

    def _sound(self, char: str) -> str | None:
        if not _sounds(char):
            return None
        char = unicodedata.normalize("NFKC", char)
        name = _DIGITS.get(char) or (char if char in HIDDEN else char.upper())
        if name not in self._code:
            name = reading(char) if len(char) == 1 else ""
        return self._code.get(name, UNKNOWN)


class _SyllableTable(dict[str, str]):
    """Written syllable to sound, ``""`` for punctuation; filled as spellings come."""

    def __init__(self, code: dict[str, str]) -> None:
        self._code = code

    def __missing__(self, written: str) -> str:
        if not _sounds(written):
            sound = ""
        elif len(written) == 1 and written in _LETTERS + HIDDEN:
            sound = self._code[written]
        else:
            sound = self._code.get(_DIGITS.get(written) or plain_syllable(written), UNKNOWN)
        if len(self) < 10_000:  # a recogniser knows some 1,500 spellings; whatever else comes is not worth keeping
            self[written] = sound
        return sound


def _sounds(item: str) -> bool:
    """Whether a character, or an item of a syllable sequence, is spoken; punctuation and symbols are not."""
    return any(char.isalnum() for char in item)


def _halves_of(syllable: str) -> tuple[str, str]:
    """Initial and final: ``("zh", "uang")``. ü is told from u: ``("j", "v")``."""
    match = _INITIAL.match(syllable)
    initial = match.group() if match else ""
    final = syllable[len(initial) :]
    if initial in ("j", "q", "x", "y") and final.startswith("u"):
        final = "v" + final[1:]
    return initial, final


def _folded(folds: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Initial and final of each syllable as the folds leave them; letters are both in one."""
    rules: dict[str, str] = {}
    for fold in folds:
        rules |= FOLDS[fold]
    out = {sign: (sign, sign) for sign in _LETTERS + HIDDEN}
    for name in SYLLABLES:
        initial, final = _halves_of(rules.get(name, name))
        initial = rules.get(initial + "-", initial + "-").removesuffix("-")
        final = rules.get("-" + final, "-" + final).removeprefix("-")
        out[name] = initial, final
    return out


def _codes(folded: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Syllable or letter to code point, one code point for all that the folds make one sound."""
    first: dict[tuple[str, str], str] = {}
    return {name: first.setdefault(folded[name], code) for name, code in _CODE.items()}


def _halves(code: Mapping[str, str], folded: Mapping[str, tuple[str, str]]) -> dict[int, str]:
    """Code point to two code points, of its initial and its final."""
    symbols: dict[str, str] = {}
    out = {ord(UNKNOWN): UNKNOWN * 2}
    for name, (initial, final) in folded.items():
        pair = (initial + "-", "-" + final)
        out[ord(code[name])] = "".join(symbols.setdefault(half, chr(_HALVES_START + len(symbols))) for half in pair)
    return out


_KNOWN = frozenset(SYLLABLES)
