"""How quick the calls page is over an archive of 100,000 calls: prints the table of docs/performance.md.

The calls are made up, but of sentences that people might say: those of ``tests/accuracy`` and of the guides, with
names, numbers and addresses in between. ``python scripts/bench_archive.py [CALLS] [--url URL]``; the archive is
made in a temporary folder, or at URL, where it is found again the next time.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any

import sqlalchemy as sa
from bench_row import Row
from measures.lines import lines

from callflow.archive.calls import NewCall, NewFlow, add
from callflow.archive.search import CallQuery, find
from callflow.archive.store import Archive
from callflow.archive.tables import Call, StoredFinding
from callflow.archive.viewers import EVERYTHING, Viewer
from callflow.events import Evidence, Finding, Score, Severity, Verdict
from callflow.phrases.readings import reading

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261129
CALLS = 100_000
BAR = 0.2
FIRST_DAY = datetime(2026, 9, 1)
DAYS = 90
AT_ONCE = 500
FLOW = NewFlow("inbound", "0" * 64)
GREETING = "您好，很高兴为您服务，请问有什么可以帮您？"
CLOSING = "感谢您的来电，祝您生活愉快，再见。"
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红鹏飞鑫浩宇轩梓涵欣怡雨桐诗琪俊熙子墨"
PLACES = "人民 建设 解放 中山 和平 新华 文化 胜利 光明 朝阳 长江 黄河 青年 工业 科技 滨江 湖滨 凤凰 龙腾 翠竹".split()  # noqa: SIM905
VERDICTS: dict[Verdict, float] = {"met": 0.6, "missed": 0.2, "violated": 0.02, "not_assessed": 0.18}
SEVERITIES: tuple[Severity, ...] = ("minor", "major", "severe", "fatal")


class Maker:
    """Makes calls, the same ones for the same seed."""

    def __init__(self, seed: int = SEED) -> None:
        self._draw = random.Random(seed)
        texts = (ROOT / "tests" / "accuracy").glob("*/*.txt")
        said = {line.strip() for path in texts for line in path.read_text(encoding="utf-8").splitlines()}
        said |= {line.said for line in lines()}
        self._sentences = sorted(line for line in said if line and not line.startswith("#"))
        self._draw.shuffle(self._sentences)
        self._weights = [1 / (10 + rank) ** 0.5 for rank in range(len(self._sentences))]
        self._customers = [f"1{self._draw.randrange(30, 99)}{self._draw.randrange(10**8):08d}" for _ in range(40_000)]
        self._rules = [(f"rule-{n:03d}", SEVERITIES[min(3, n % 7 // 2)], 1 / (1 + n / 12)) for n in range(110)]

    def call(self, number: int) -> NewCall:
        draw = self._draw
        said = self._said()
        findings = self._findings()
        agent = min(int(draw.expovariate(1 / 120)), 399)
        failed = draw.random() < 0.01
        began = FIRST_DAY + timedelta(seconds=draw.randrange(DAYS * 86_400))
        met = sum(one.verdict == "met" for one in findings)
        judged = sum(one.verdict != "not_assessed" for one in findings)
        total = 100 * met / judged if judged else None
        return NewCall(
            key=f"{number:064x}",
            path=f"/recordings/{began:%Y-%m-%d}/{agent:04d}-{number}.wav",
            sha256=f"{number:064x}",
            status="failed" if failed else "done",
            agent=f"{1000 + agent}",
            team=f"team {agent % 20}",
            queue=draw.choices(["售后", "售前", "物流", "账单", "投诉"], [50, 25, 15, 8, 2])[0],
            direction=draw.choices(["inbound", "outbound"], [9, 1])[0],
            customer=draw.choice(self._customers),
            began=began,
            duration=draw.lognormvariate(5.3, 0.6),
            engine="zipformer",
            flow=FLOW,
            journal=json.dumps(said, ensure_ascii=False).encode(),
            findings=() if failed else findings,
            score=None if failed else Score(at=0.0, total=total),
            text="" if failed else "\n".join(said),
            sounds="" if failed else "\n".join(" ".join(map(_syllable, filter(str.isalnum, line))) for line in said),
        )

    def _said(self) -> list[str]:
        draw = self._draw
        many = max(10, int(draw.gauss(45, 15)))
        said = draw.choices(self._sentences, self._weights, k=many)
        name = draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.choice((1, 2))))
        said[2] = f"我叫{name}，住在{draw.choice(PLACES)}路{draw.randrange(1, 999)}号{draw.choice(PLACES)}小区。"
        said[3] = f"订单号是{draw.randrange(10**9):09d}，金额{draw.randrange(10, 9999)}元。"
        greeting = [GREETING] if draw.random() < 0.92 else []
        return [*greeting, *said, *([CLOSING] if draw.random() < 0.8 else [])]

    def _findings(self) -> tuple[Finding, ...]:
        draw = self._draw
        found = []
        for rule, severity, share in self._rules:
            if draw.random() < share:
                verdict = draw.choices(list(VERDICTS), list(VERDICTS.values()))[0]
                at = draw.uniform(0, 300)
                evidence = (Evidence(at, at + 2, "agent", "您好，很高兴为您服务"),)
                found.append(
                    Finding(at=at, rule=rule, verdict=verdict, severity=severity, group="opening", evidence=evidence)
                )
        return tuple(found)


def _syllable(char: str) -> str:
    return reading(char) or char.lower()


def fill(archive: Archive, many: int) -> float:
    """Put in what is missing of ``many`` calls; returns calls a second."""
    with archive.read() as session:
        there = session.scalar(sa.select(sa.func.count(Call.id))) or 0
    maker = Maker()
    made: Iterator[NewCall] = (maker.call(number) for number in range(many))
    for _ in range(there):
        next(made)
    began, spent = time.perf_counter(), 0.0
    while calls := list(islice(made, AT_ONCE)):
        start = time.perf_counter()
        add(archive, calls)
        spent += time.perf_counter() - start
    with archive.begin() as session:  # one call in 300 has something that is disputed
        some = sa.select(Call.id).where(Call.id % 300 == 0, Call.faults > 0)
        session.execute(sa.update(Call).where(Call.id.in_(some)).values(disputed=1))
        first = sa.select(sa.func.min(StoredFinding.id)).where(StoredFinding.call_id.in_(some))
        session.execute(
            sa.update(StoredFinding)
            .where(StoredFinding.id.in_(first.group_by(StoredFinding.call_id)))
            .values(disputed=True)
        )
    del began
    return (many - there) / spent if spent else 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A kind of question, with what varies in it."""

    name: str
    queries: Sequence[CallQuery]
    viewer: Viewer = EVERYTHING


def questions() -> list[Asked]:
    """What people ask, and what costs most."""
    week = {"since": FIRST_DAY + timedelta(days=80), "until": FIRST_DAY + timedelta(days=87)}
    common, rare = {"words": "您好"}, {"agent": "1399"}
    return [
        Asked("newest calls", _each([{}])),
        Asked("by score, duration, faults, severe, agent, queue; both ways", _each(_sorts([{}]))),
        Asked("page 2 to page 2,000 (offset 100 … 99,900)", _each([{"offset": n} for n in (100, 5_000, 50_000, 99_900)])),
        Asked("the same by faults", _each([{"offset": n, "sort": "faults"} for n in (100, 5_000, 50_000, 99_900)])),
        Asked("one agent, team, queue, direction, status", _each(_filters())),
        Asked("the same, by score and by duration", _each(_sorts(_filters(), ("score", "duration")))),
        Asked("a supervisor's team; an agent's own", _each([{}, {"sort": "score"}]), Viewer("supervisor", team_id=1)),
        Asked("a week; a week of a queue below 60 points", _each([week, week | {"queue": "投诉", "score_below": 60.0}])),
        Asked("one customer; disputed", _each([{"customer": "13912345678"}, {"disputed": True}])),
        Asked("below 20 points; above 95", _each(_sorts([{"score_below": 20.0}, {"score_above": 95.0}], ("began", "score")))),
        Asked("a rule, common to rare, with verdict and severity", _each(_rules())),
        Asked("the same, by score and by faults", _each(_sorts(_rules(), ("score", "faults")))),
        Asked("a common rule, missed, of a seldom agent", _each([rare | {"rule": "rule-000", "verdict": "missed"}])),
        Asked("a rare word: a name, an order number", _each([{"words": w} for w in ("欧阳", "王秀英", "订单号是0012")])),
        Asked("a common word", _each([{"words": w} for w in ("您好", "订单", "没有", "退款", "的", "我")])),
        Asked("a sentence of nearly every call", _each([{"words": "很高兴为您服务请问有什么可以帮您"}, {"words": "感谢您的来电祝您生活愉快再见"}])),
        Asked("several common words", _each([{"words": "您好 订单 退款"}, {"words": "我 的 好 是"}])),
        Asked("a common word by score, duration, agent", _each(_sorts([common], ("score", "duration", "agent")))),
        Asked("a common word, deep", _each([common | {"offset": n} for n in (2_000, 50_000, 90_000)])),
        Asked("a common word with a filter that few meet", _each([common | rare, common | {"queue": "投诉", "score_below": 20.0}, common | {"disputed": True}, common | {"customer": "13912345678"}, common | week | {"rule": "rule-109", "verdict": "violated"}])),
        Asked("a common word and a common rule, none of them together with 0 points", _each([common | {"rule": "rule-000", "verdict": "missed", "score_below": 1.0}])),
        Asked("by sound: rare and common", _each([{"sounds": s} for s in ("ou yang", "tui kuan", "nin hao", "wo", "hen gao xing wei nin fu wu")])),
        Asked("by sound with a filter that few meet", _each([{"sounds": "nin hao"} | rare, {"sounds": "nin hao", "score_below": 5.0}])),
    ]  # fmt: skip


def _each(queries: Sequence[dict[str, Any]]) -> list[CallQuery]:
    return [CallQuery(**query) for query in queries]


def _filters() -> list[dict[str, Any]]:
    return [
        *({"agent": code} for code in ("1000", "1120", "1399")),
        *({"team": f"team {n}"} for n in (0, 19)),
        *({"queue": name} for name in ("售后", "投诉")),
        *({"direction": "inbound"}, {"direction": "outbound"}, {"status": "done"}, {"status": "failed"}),
    ]


def _rules() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [{"rule": f"rule-{n:03d}"} for n in (0, 12, 109)]
    found = [rule | more for rule in rules for more in ({}, {"verdict": "missed"}, {"verdict": "violated"})]
    return [*found, {"verdict": "violated"}, {"severity": "fatal", "verdict": "missed"}, {"verdict": "not_assessed"}]


def _sorts(
    queries: Sequence[dict[str, Any]],
    sorts: Sequence[str] = ("began", "score", "duration", "faults", "severe", "agent", "queue", "added"),
) -> list[dict[str, Any]]:
    return [query | {"sort": sort, "descending": d} for query in queries for sort in sorts for d in (True, False)]


def measure(archive: Archive, rounds: int = 5) -> Iterator[Row]:
    """A row for each kind of question: its median and its 95th percentile, which the worst one decides."""
    every: list[float] = []
    for asked in questions():
        times: list[float] = []
        worst = (0.0, asked.queries[0])
        for query in asked.queries:
            for _ in range(rounds):
                start = time.perf_counter()
                find(archive, query, asked.viewer)
                times.append(time.perf_counter() - start)
                worst = max(worst, (times[-1], query), key=lambda pair: pair[0])
        every += times
        yield _row(asked.name, times)
        print(f"    worst {worst[0] * 1e3:.0f} ms: {_said(worst[1])}")
    yield _row("all of them", every)


def _row(name: str, times: list[float]) -> Row:
    p95 = quantiles(times, n=20, method="inclusive")[-1]
    half = quantiles(times, n=2, method="inclusive")[0]
    return Row(name, f"{half * 1e3:.0f} / {p95 * 1e3:.0f} ms", f"≤ {BAR * 1e3:.0f} ms", p95 <= BAR)


def _said(query: CallQuery) -> dict[str, Any]:
    nothing = CallQuery()
    values = {name: getattr(query, name) for name in CallQuery.__slots__}
    return {name: value for name, value in values.items() if value != getattr(nothing, name)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calls", type=int, nargs="?", default=CALLS)
    parser.add_argument("--url")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with Archive.open(options.url or str(Path(folder) / "calls.db")) as archive:
            rate = fill(archive, options.calls)
            if rate:
                print(Row(f"calls added, {AT_ONCE} at a time", f"{rate:.0f} calls/s").line())
            for row in measure(archive):
                print(row.line(), flush=True)


if __name__ == "__main__":
    main()
