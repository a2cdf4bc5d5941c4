"""Spoken Chinese times such as 两个小时内, 明天上午, 尽快: where they stand, and the latest moment they allow.

One grammar is read twice: over characters and, where these hold no time, over sounds, so that pinyin recognisers and
misheard characters are served alike. The libraries there are look for dates in written text; they want characters and
know no limits (内, 之前, 下班前). What people promise takes but a few forms, and these stand here.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Literal
from unicodedata import normalize

from callflow.call.spoken_values import toned
from callflow.phrases.sounds import ENDERS, PAUSES, SPACES, UNKNOWN, Sounds

Source = str | tuple[str, ...]
Parts = Mapping[str, str]

_SOUNDS = Sounds(())  # nothing folded: 四 is not 十
_DIGIT = "[一二两三四五六七八九]"
_PAIR = "一两|一二|两三|三四|三五|四五|五六|六七|七八|八九"
_NUMBER = f"[0-9]{{1,4}}|{_DIGIT}?十(?:几|{_DIGIT}?)|{_PAIR}|{_DIGIT}百?|几"
_WEEK = "(?:周|星期|礼拜)"
_GRAMMAR = {
    "span": (
        f"(?<![了第每])(?:(?P<half>半)个?|(?P<least>{_NUMBER})(?:(?:到|至|或者?|[-~—])(?P<most>{_NUMBER}))?"
        f"[来多]?(?P<piece>个?)(?P<more>半?)多?)(?P<unit>分钟|刻钟|小时|钟头|工作日|{_WEEK}|秒钟|天|日|月|钟)"
        "(?P<tail>半?)(?!之前|以前|前)(?P<end>之内|以内|内|里|之后|以后|过后|后|左右)?"
    ),
    "moment": (
        "(?<!昨天)(?<!前天)(?<!上)(?<!上个)(?P<day>今天|今日|当天|当日|明天|明日|大后天|后天|[今明](?=[早晚]))?"
        f"(?:(?P<next>下下|下|这|本)?个?{_WEEK}(?P<weekday>[一二三四五六日天末]))?"
        f"(?:(?:(?:(?P<month>{_NUMBER})|(?P<later>[这本下])个?)月)?(?P<date>{_NUMBER})[号日])?的?"
        "(?P<part>凌晨|早上|早晨|一早|上午|中午|下午|傍晚|晚上|[早晚])?的?"
        f"(?:(?P<hour>{_NUMBER})(?:点钟?[到至](?P<to>{_NUMBER}))?点(?P<sharp>钟|整)?"
        f"(?P<minute>半|一刻|三刻|(?:{_NUMBER})分?)?|(?P<office>[上下]班))?"
        "(?P<end>之前|以前|前|之后|以后|后|之内|以内|内|左右)?(?P<then>(?=给|回|打|联系))?"
    ),
    "period": (
        f"(?P<week>[这本下]?个?{_WEEK}之?内|下个?{_WEEK}(?![一二三四五六日天末]))|"
        "(?<!上)(?<!上个)(?P<months>[这本下]?个?月(?:底|末|初|[上中下]旬|之?内)|下个月)(?:之前|以前|前)?|"
        "(?P<year>年底|年内)(?:之前|以前|前)?"
    ),
    "feast": (
        "(?:元旦|春节|清明|五一|劳动节|端午|中秋|国庆)节?(?:假期)?(?:之后|以后|后|之前|以前|前)|(?:节|假期)之?[前后]"
    ),
    "vague": "尽快|尽早|马上|立刻|立即|稍后|一会|待会|第一时间|及时|随后|过段时间",
}

_VALUES = dict(zip("一二三四五六七八九十", range(1, 11), strict=True)) | {"两": 2}
_COUNTS = frozenset((*_VALUES, *"几百半"))
_UNITS = {"秒钟": 1, "分钟": 60, "刻钟": 900, "小时": 3600, "钟头": 3600, "钟": 3600, "天": 86400, "日": 86400,
          "月": 30 * 86400, "周": 7 * 86400, "星期": 7 * 86400, "礼拜": 7 * 86400, "工作日": 0}  # fmt: skip
"""In seconds; working days are counted."""
_DAYS = {"今天": 0, "今日": 0, "今": 0, "当天": 0, "当日": 0, "明天": 1, "明日": 1, "明": 1, "后天": 2, "大后天": 3}
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 6}
_PARTS = {"凌晨": 6, "早上": 10, "早晨": 10, "一早": 10, "早": 10, "上午": 12, "中午": 14, "下午": 18, "傍晚": 20,
          "晚上": 24, "晚": 24}  # fmt: skip
"""The hour at which a part of the day is over."""
_OFFICE = {"上班": 12, "下班": 18}
"""明天上班 is in the morning; work is over at 18:00."""
_MINUTES = {"半": 30, "一刻": 15, "三刻": 45}
_NEXT = {"这": 0, "本": 0, "下": 1, "下下": 2}
_TENTHS = {"初": 10, "上旬": 10, "中旬": 20}
"""The day at which a part of the month is over; what else is said of a month lasts until its last."""
_WORDS: dict[str, dict[str, int]] = {"unit": _UNITS, "day": _DAYS, "weekday": _WEEKDAYS, "part": _PARTS,
                                        "office": _OFFICE, "next": _NEXT, "later": _NEXT}  # fmt: skip
_OTHERS = (*_VALUES, *"几半百刻分个这本下上中旬初底末内年前后之以")
_AFTER = ("之后", "以后", "后")


@dataclass(frozen=True, slots=True)
class When:
    """Words that say when, at ``start`` to ``end`` of what was said. ``vague``: 尽快, which holds nobody to a time."""

    start: int
    end: int
    words: str
    vague: bool
    kind: str = "vague"
    parts: Parts = field(default_factory=dict)

    def due(self, said: datetime | None) -> float | None:
        """The latest moment that the words allow, in seconds (> 0) from ``said``.

        ``None`` where the words are vague, set no end (周五之后) or name a feast (节后), where they need the date and
        time of day and ``said`` is not known, or where the moment they name is over. 八点前 is the next eight on
        a clock's face: said at six in the evening it is eight tonight, said at nine it is eight tomorrow morning.
        三十一号 in a month of thirty days is its last. Working days are Monday to Friday: holidays are not looked up.
        """
        if self.vague or self.kind == "feast":
            return None
        try:
            if self.kind == "span":
                seconds = _length(self.parts, said)
            else:
                until = (_moment if self.kind == "moment" else _period)(self.parts, said) if said else None
                seconds = (until - said).total_seconds() if said and until else 0.0
        except (OverflowError, ValueError):  # 2月30号, the year 10000
            return None
        return seconds if seconds > 0 else None


# ------------------------------------------------------------------------------------------------ finding them


def when_of(source: Source, start: int, end: int) -> When | None:
    """The time for what is said from ``start`` to ``end`` of ``source`` (characters, or pinyin syllables); ``None``
    where none is.

    It is the nearest one in the same sentence, else in the rest; one that can be kept goes before 尽快.
    """
    first = max((place + 1 for place in range(start) if _ends(source[place])), default=0)
    last = min((place for place in range(end, len(source)) if _ends(source[place])), default=len(source))

    def far(when: When) -> tuple[bool, bool, int, int]:
        outside = when.start < first or when.end > last
        return outside, when.vague, max(when.start - end, start - when.end, 0), when.start

    return min(times_in(source), key=far, default=None)


def times_in(source: Source) -> list[When]:
    """Every time in what was said, in order; none lies within another."""
    kept: list[When] = []
    for when in sorted(_found(source), key=lambda when: (-len(when.words), when.start)):
        if all(when.end <= other.start or when.start >= other.end for other in kept):
            kept.append(when)
    return sorted(kept, key=lambda when: when.start)


def _found(source: Source) -> Iterator[When]:
    """Whatever the grammar finds, overlaps included."""
    places = [place for place, item in enumerate(source) if item not in SPACES]
    items = [source[place] for place in places]
    for kind in _GRAMMAR:
        # 即使 is not 及时: where there are characters, what is vague must stand there.
        mode = "sound" if not isinstance(source, str) else "written" if kind == "vague" else "mixed"
        for match in _pattern(kind, mode).finditer("".join(_code(item, mode) for item in items)):
            parts = {name: _read(name, part) for name, part in match.groupdict().items() if part is not None}
            if kind in ("vague", "period", "feast") or _tells(kind, parts):
                begin = match.start() + (match.group()[0] == _code("的", mode))
                start, end = places[begin], places[match.end() - 1] + 1
                words = source[start:end]
                vague = kind == "vague" or "几" in (part.removesuffix("分") for part in parts.values())
                yield When(start, end, words if isinstance(words, str) else " ".join(words), vague, kind, parts)


def _ends(item: str) -> bool:
    return any(char in ENDERS for char in item)


def _tells(kind: str, parts: Parts) -> bool:
    """Whether the words tell a time at all: 十分, 三月, 有一点 and 两点 do not, 十分钟, 三个月 and 两点之前 do."""
    limited = "end" in parts or "then" in parts
    if kind == "span":
        counted = bool(parts.get("piece")) or "half" in parts
        return {"月": counted, "钟": counted, "日": limited}.get(parts["unit"], True)
    dated = any(name in parts for name in ("day", "weekday", "month", "later")) or ("date" in parts and limited)
    if "date" in parts and not dated:
        return False
    if "hour" in parts:
        return dated or limited or any(name in parts for name in ("part", "sharp", "minute"))
    if "office" in parts:
        return dated or limited
    return dated or ("part" in parts and len(parts["part"]) > 1)


Mode = Literal["written", "mixed", "sound"]
"""Characters; sounds, but numbers as characters (两个小是 is misheard, but 是三天 is not 十三天); sounds alone."""


@cache
def _pattern(kind: str, mode: Mode) -> re.Pattern[str]:
    return re.compile("".join(char if char.isascii() else _code(char, mode) for char in _GRAMMAR[kind]))


@lru_cache(8192)
def _code(item: str, mode: Mode) -> str:
    """One character for a character or a syllable."""
    if mode == "sound" and toned(item)[0] == "shi" and toned(item)[1] not in ("", "2"):
        return UNKNOWN  # the tone tells 十 from 是 and 事
    if len(item) == 1 and mode != "sound":
        item = wide if len(wide := normalize("NFKC", item)) == 1 else item
        if mode == "written" or item in _COUNTS or not item.isalpha():
            return item
    keys = _SOUNDS.of_text(item) if len(item) == 1 else _SOUNDS.of_syllables([item])
    return keys.key if len(keys.key) == 1 else PAUSES[0]


def _sounds_of(words: str) -> str:
    return "".join(_code(char, "sound") for char in words)


def _read(name: str, part: str) -> str:
    """A part as characters again, where it was found as sounds."""
    if words := _written().get(name):
        return words.get(part) or words.get(
            "".join(_code(char, "sound") if char.isalnum() else char for char in part), part
        )
    return "".join(_written()[""].get(code, code) for code in part)


@cache
def _written() -> dict[str, dict[str, str]]:
    tables = {name: {_sounds_of(word): word for word in reversed(words)} for name, words in _WORDS.items()}
    return {**tables, "": {_sounds_of(char): char for char in reversed(_OTHERS)}}


# ------------------------------------------------------------------------------------------------ reckoning


def _number(words: str) -> int:
    """十五 is 15; of 两三 the larger one; 十几 is 19 at most."""
    if words.isdecimal():
        return int(words)
    if words.endswith("百"):
        return 100 * _VALUES[words[0]]
    tens, ten, ones = words.partition("十")
    if ten:
        return 10 * _VALUES.get(tens, 1) + (9 if ones == "几" else _VALUES.get(ones, 0))
    return _VALUES[words[-1]]


def _length(parts: Parts, said: datetime | None) -> float:
    count = 0.5 if "half" in parts else float(_number(parts.get("most") or parts["least"]))
    count += 0.5 * bool(parts.get("more")) + 0.5 * bool(parts.get("tail"))
    if parts["unit"] != "工作日":
        return count * _UNITS[parts["unit"]]
    if said is None:
        return 0.0
    day = said.date()
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return (day - said.date()).total_seconds()


def _moment(parts: Parts, said: datetime) -> datetime | None:
    if parts.get("end") in _AFTER and "office" not in parts:
        return None
    day, named = _day(parts, said.date())
    hours = 24.0
    if "hour" in parts:
        hours = _hour(parts)
    elif "office" in parts:
        hours = 24.0 if parts["office"] == "下班" and parts.get("end") in _AFTER else _OFFICE[parts["office"]]
    elif "part" in parts:
        hours = _PARTS.get(parts["part"], hours)
    until = _at(day, hours, said)
    if "hour" in parts and "part" not in parts and hours < 13 and day == said.date() and until <= said:
        tonight = until + timedelta(hours=12)
        until = tonight if tonight > said else until
    return until if named or until > said else until + timedelta(days=1)


def _day(parts: Parts, today: date) -> tuple[date, bool]:
    """The day that is meant, and whether it was named."""
    day, named = today, True
    if "day" in parts:
        day = today + timedelta(days=_DAYS[parts["day"]])
    elif "weekday" in parts:
        weeks = _NEXT[parts["next"]] if "next" in parts else 0
        day = today + timedelta(days=_WEEKDAYS[parts["weekday"]] - today.weekday(), weeks=weeks)
        if "next" not in parts and day < today:
            day += timedelta(days=7)
    elif "date" in parts:
        day = _date(parts, today)
    else:
        named = False
    return day, named


def _date(parts: Parts, today: date) -> date:
    """The day of a month that is meant. Where no month is named, the next one that is not over."""
    number = _number(parts["date"])
    if "month" in parts:
        month = _number(parts["month"])
        day = date(today.year, month, number)
        return day if day >= today else date(today.year + 1, month, number)
    if "later" in parts:
        return _in_month(today, _NEXT[parts["later"]], number)
    day = _in_month(today, 0, number)
    return day if day >= today else _in_month(today, 1, number)


def _in_month(today: date, later: int, number: int) -> date:
    """The ``number``-th of a month; of a month that is shorter its last day."""
    years, month = divmod(today.month - 1 + later, 12)
    year, month = today.year + years, month + 1
    return date(year, month, number if number > 31 else min(number, monthrange(year, month)[1]))


def _hour(parts: Parts) -> float:
    """Hours since midnight. Without a part of the day, one to seven o'clock are those of the afternoon."""
    hour, part = _number(parts.get("to") or parts["hour"]), parts.get("part", "")
    minute = parts.get("minute", "").removesuffix("分")
    minutes = _MINUTES.get(minute) or (_number(minute) if minute else 0)
    if hour <= {"下午": 12, "傍晚": 12, "晚上": 12, "晚": 12, "中午": 10, "": 7}.get(part, -1):
        hour = 24 if hour == 12 and "晚" in part else hour % 12 + 12
    if hour > 24 or minutes > 59:
        raise ValueError("no time of day")
    return hour + minutes / 60


def _period(parts: Parts, said: datetime) -> datetime:
    """The end of the week, of the month or a part of it, or of the year."""
    today = said.date()
    if "week" in parts:
        sunday = today + timedelta(days=6 - today.weekday() + 7 * parts["week"].startswith("下"))
        return _at(sunday, 24, said)
    if "months" in parts:
        words = parts["months"]
        last = next((day for part, day in _TENTHS.items() if words.endswith(part)), 31)
        later = words.startswith("下") or (words[0] not in "这本" and last < today.day)
        return _at(_in_month(today, int(later), last), 24, said)
    return _at(date(today.year, 12, 31), 24, said)


def _at(day: date, hours: float, like: datetime) -> datetime:
    return datetime.combine(day, time(tzinfo=like.tzinfo)) + timedelta(minutes=round(hours * 60))
