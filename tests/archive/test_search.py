"""Finding calls: every filter, every order, words and sounds, and who sees what."""

from datetime import datetime
from typing import Any

import pytest
from archive_samples import call, finding

from callflow.archive import calls, search
from callflow.archive.search import CallQuery, find
from callflow.archive.store import Archive
from callflow.archive.viewers import EVERYTHING, Viewer
from callflow.events import Score
from callflow.texts import Text

DAY = datetime(2026, 11, 1)


def points(total: float | None) -> Score:
    return Score(at=90.0, total=total)


@pytest.fixture
def few(archive: Archive) -> Archive:
    """Five calls that differ in all that can be asked for."""
    calls.add(archive, [call(1, began=DAY.replace(hour=9), score=points(75.0))])
    calls.add(
        archive, [call(2, began=DAY.replace(hour=8), agent="1002", queue="售前", score=points(90.0), findings=())]
    )
    calls.add(
        archive,
        [
            call(
                3,
                began=DAY.replace(hour=10),
                agent="2001",
                team="华北",
                direction="outbound",
                customer="13911112222",
                score=points(40.0),
                findings=(finding("greet", "missed", severity="fatal"),),
                text="您好\n我要投诉，快递丢了",
                sounds="nin hao\nwo yao tou su kuai di diu le",
            )
        ],
    )
    broken = Text("not audio", "不是音频")
    calls.add(
        archive,
        [
            call(
                4, status="failed", reason=broken, agent="", team="", began=None, score=None, findings=(), journal=b"",
                text="", sounds="",
            )
        ],
    )  # fmt: skip
    calls.add(archive, [call(5, began=DAY.replace(hour=11), score=points(None), findings=(), duration=5.0)])
    return archive


def ids(archive: Archive, viewer: Viewer = EVERYTHING, **query: Any) -> list[int]:
    page = find(archive, CallQuery(**query), viewer)
    assert page.total == len(page.rows)
    return [row.id for row in page.rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [5, 3, 1, 2, 4]),
        ({"descending": False}, [2, 1, 3, 5, 4]),
        ({"agent": "1001"}, [5, 1]),
        ({"agent": "nobody"}, []),
        ({"team": "华北"}, [3]),
        ({"team": "华北", "agent": "1001"}, []),
        ({"queue": "售前"}, [2]),
        ({"direction": "outbound"}, [3]),
        ({"status": "failed"}, [4]),
        ({"since": DAY.replace(hour=9), "until": DAY.replace(hour=11)}, [3, 1]),
        ({"customer": "13911112222"}, [3]),
        ({"customer": "139"}, []),
        ({"rule": "greet"}, [3, 1]),
        ({"rule": "greet", "verdict": "met"}, [1]),
        ({"verdict": "missed"}, [3, 1]),
        ({"verdict": "missed", "severity": "fatal"}, [3]),
        ({"rule": "greet", "severity": "severe"}, []),
        ({"score_below": 75.0}, [3]),
        ({"score_above": 75.0}, [1, 2]),
        ({"disputed": True}, []),
        ({"disputed": False}, [5, 3, 1, 2, 4]),
        ({"words": "快递"}, [5, 3, 1, 2]),
        ({"words": "快递丢"}, [3]),
        ({"words": "投诉 快递"}, [3]),
        ({"words": "快递 没有的"}, []),
        ({"words": "有什么可以帮您"}, [5, 1, 2]),
        ({"words": "您好请问"}, [5, 1, 2]),
        ({"words": "丢"}, [3]),
        ({"words": "帮您我的"}, []),
        ({"words": "，。"}, [5, 3, 1, 2, 4]),
        ({"words": "\"' OR words : *", "sounds": "NEAR( ^"}, []),
        ({"words": "快递", "agent": "2001"}, [3]),
        ({"sounds": "tou su"}, [3]),
        ({"sounds": "su tou"}, []),
        ({"sounds": "wo de"}, [5, 1, 2]),
        ({"sounds": "diu"}, [3]),
        ({"sounds": "di"}, [5, 3, 1, 2]),
        ({"words": "投诉", "sounds": "kuai di"}, [3]),
        ({"sort": "score"}, [2, 1, 3, 5, 4]),
        ({"sort": "score", "descending": False}, [3, 1, 2, 4, 5]),
        ({"sort": "duration"}, [4, 3, 2, 1, 5]),
        ({"sort": "faults"}, [1, 3, 5, 4, 2]),
        ({"sort": "severe", "descending": False}, [2, 4, 5, 1, 3]),
        ({"sort": "agent"}, [3, 2, 5, 1, 4]),
        ({"sort": "agent", "descending": False}, [1, 5, 2, 3, 4]),
        ({"sort": "queue", "descending": False}, [2, 1, 3, 4, 5]),
        ({"sort": "added"}, [5, 4, 3, 2, 1]),
        ({"sort": "score", "words": "快递"}, [2, 1, 3, 5]),
    ],
)
@pytest.mark.parametrize("many", [False, True])
def test_queries(
    few: Archive, query: dict[str, Any], expected: list[int], many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same whether a condition is taken for one that few calls meet or for one that many do."""
    if many:
        monkeypatch.setattr(search, "FEW", 0)
    if query.get("sort") == "queue" or "severe" in query.values():
        expected = sorted(expected)
        assert sorted(ids(few, **query)) == expected
        return
    assert ids(few, **query) == expected
