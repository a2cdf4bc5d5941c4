"""What people ask of the calls page, and what costs it most: the questions of ``bench_archive``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from callflow.archive.search import CallQuery
from callflow.archive.viewers import EVERYTHING, Viewer

Asked = Mapping[str, Any]
FIRST_DAY = datetime(2026, 9, 1)
DAYS = 90
SORTS = ("began", "score", "duration", "faults", "severe", "agent", "queue", "added")
DEEP = (100, 5_000, 50_000, 99_900)
WEEK: Asked = {"since": FIRST_DAY + timedelta(days=80), "until": FIRST_DAY + timedelta(days=87)}
COMMON: Asked = {"words": "您好"}
SELDOM: Asked = {"agent": "1399"}
CUSTOMER: Asked = {"customer": "13912345678"}


def questions() -> Mapping[str, tuple[Sequence[CallQuery], Viewer]]:
    """Questions of a kind under one name, and who asks them."""
    kinds: dict[str, Sequence[Asked]] = {
        "newest calls": [{}],
        "in each of 8 orders, both ways": _sorted([{}]),
        "page 3 to page 1,999, by time and by faults": [
            {"offset": n, "sort": s} for n in DEEP for s in ("began", "faults")
        ],
        "of one agent, team, queue, direction, status": _filters(),
        "the same by score and by duration": _sorted(_filters(), ("score", "duration")),
        "of a week; of a queue in it below 60 points": [WEEK, {**WEEK, "queue": "投诉", "score_below": 60.0}],
        "of one customer; disputed": [CUSTOMER, {"disputed": True}, {"disputed": False}],
        "below 20, above 95 points": _sorted([{"score_below": 20.0}, {"score_above": 95.0}], ("began", "score")),
        "with a rule, common to rare, its verdict, a severity": _rules(),
        "the same by score and by faults": _sorted(_rules(), ("score", "faults")),
        "with a common rule, missed, of a seldom agent": [{**SELDOM, "rule": "rule-000", "verdict": "missed"}],
        "a rare word: a name, an order number": [{"words": w} for w in ("欧阳", "王秀英", "订单号是0012")],
        "a common word or character": [{"words": w} for w in ("您好", "订单", "没有", "退款", "的", "我")],
        "a sentence of nearly every call": [
            {"words": "很高兴为您服务请问有什么可以帮您"},
            {"words": "感谢您的来电祝您生活愉快再见"},
        ],
        "several common words": [{"words": "您好 订单 退款"}, {"words": "我 的 好 是"}],
        "a common word by score, duration, agent": _sorted([COMMON], ("score", "duration", "agent")),
        "a common word, pages deep": [{**COMMON, "offset": n} for n in (2_000, 50_000, 90_000)],
        "a common word and a filter that few meet": [{**COMMON, **few} for few in _few()],
        "by sound, rare to common": [
            {"sounds": s} for s in ("ou yang", "tui kuan", "nin hao", "wo", "hen gao xing wei nin fu wu")
        ],
        "by sound and a filter that few meet": [{"sounds": "nin hao", **few} for few in _few()],
    }  # fmt: skip
    asked = {name: (_queries(queries), EVERYTHING) for name, queries in kinds.items()}
    own = _queries([{}, {"sort": "score"}, COMMON, {"rule": "rule-000", "verdict": "missed"}])
    return asked | {"a supervisor asks, who sees a team of 20": (own, Viewer("supervisor", team_id=1))}


def _queries(asked: Sequence[Asked]) -> list[CallQuery]:
    return [CallQuery(**query) for query in asked]


def _filters() -> list[Asked]:
    return [
        *({"agent": code} for code in ("1000", "1120", "1399")),
        *({"team": f"team {n}"} for n in (0, 19)),
        *({"queue": name} for name in ("售后", "投诉")),
        *({"direction": "inbound"}, {"direction": "outbound"}, {"status": "done"}, {"status": "failed"}),
    ]


def _few() -> list[Asked]:
    return [
        *(SELDOM, CUSTOMER, {"disputed": True}, {"status": "failed"}, {"score_below": 5.0}),
        {"queue": "投诉", "score_below": 60.0},
        {"queue": "投诉", "direction": "outbound"},
        {**WEEK, "rule": "rule-109", "verdict": "violated"},
        {"rule": "rule-000", "verdict": "missed", "score_above": 95.0},
    ]


def _rules() -> list[Asked]:
    rules: list[Asked] = [{"rule": f"rule-{n:03d}"} for n in (0, 12, 109)]
    found = [{**rule, **more} for rule in rules for more in ({}, {"verdict": "missed"}, {"verdict": "violated"})]
    return [*found, {"verdict": "violated"}, {"severity": "fatal", "verdict": "missed"}, {"verdict": "not_assessed"}]


def _sorted(queries: Sequence[Asked], sorts: Sequence[str] = SORTS) -> list[Asked]:
    return [{**query, "sort": sort, "descending": way} for query in queries for sort in sorts for way in (True, False)]
