"""How quick the calls page is over an archive of 100,000 calls: prints the table of docs/performance.md.

The calls are made up, but of sentences that people might say: those of ``tests/accuracy`` and of the guides, with
names, numbers and addresses in between. ``python scripts/bench_archive.py [CALLS] [--url URL]``; the archive is
made in a temporary folder, or at URL, where it is found again the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import quantiles

import sqlalchemy as sa
from bench_archive_questions import DAYS, FIRST_DAY, questions
from measures.lines import lines

from callflow.archive.calls import NewCall, NewFlow, add
from callflow.archive.search import CallQuery, find
from callflow.archive.store import Archive
from callflow.archive.tables import Call
from callflow.archive.viewers import Viewer
from callflow.events import Evidence, Finding, Score, Severity, Verdict
from callflow.phrases.readings import reading

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261129
CALLS = 100_000
BAR = 200.0
"""Milliseconds."""
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
    """Put in what is missing of ``many`` calls; returns calls a second of processor time."""
    with archive.read() as session:
        there = session.scalar(sa.select(sa.func.count(Call.id))) or 0
    if there >= many:
        return 0.0
    maker = Maker()
    made: Iterator[NewCall] = (maker.call(number) for number in range(many))
    for _ in range(there):
        next(made)
    spent = 0.0
    while calls := list(islice(made, AT_ONCE)):
        start = time.process_time()
        add(archive, calls)
        spent += time.process_time() - start
    with archive.begin() as session:  # one call in 300 has something that is disputed
        some = sa.select(Call.id).where(Call.id % 300 == 0, Call.faults > 0)
        session.execute(sa.update(Call).where(Call.id.in_(some)).values(disputed=1))
    return (many - there) / spent if spent else 0.0


def measure(archive: Archive, rounds: int = 5) -> Iterator[str]:
    """A line for each kind of question: its median and 95th percentile, on the clock and of the processor."""
    every: list[Times] = []
    for name, (queries, viewer) in questions().items():
        times = [_time(archive, query, viewer) for query in queries for _ in range(rounds)]
        every += times
        yield _line(name, times)
    yield _line("**all of them**", every)


Times = tuple[float, float]
"""Seconds on the clock and of the processor."""


def _time(archive: Archive, query: CallQuery, viewer: Viewer) -> Times:
    clock, processor = time.perf_counter(), time.process_time()
    find(archive, query, viewer)
    return time.perf_counter() - clock, time.process_time() - processor


def _line(name: str, times: list[Times]) -> str:
    clock, processor = ([1e3 * item for item in column] for column in zip(*times, strict=True))
    p95 = _share(clock, 95)
    reached = "yes" if p95 <= BAR else "**no**"
    worked = f"{_share(processor, 50):.0f} / {_share(processor, 95):.0f}"
    return f"| {name} | {_share(clock, 50):.0f} / {p95:.0f} | {worked} | {reached} |"


def _share(values: list[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calls", type=int, nargs="?", default=CALLS)
    parser.add_argument("--url")
    options = parser.parse_args()
    folder = tempfile.TemporaryDirectory()
    with folder, Archive.open(options.url or str(Path(folder.name) / "calls.db")) as archive:
        if rate := fill(archive, options.calls):
            print(f"{rate:.0f} calls added a second of processor time, {AT_ONCE} at a time")
        print("| asked for | p50 / p95, ms | of it processor, ms | ≤ 200 ms |\n|---|---|---|---|")
        for line in measure(archive):
            print(line, flush=True)
        print(f"load: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
