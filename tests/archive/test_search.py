"""Finding calls: every filter, every order, words and sounds, and who sees what."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from archive_samples import BOTH, call, finding, new_url

from callflow.archive import calls, extracts, purge, search
from callflow.archive.extracts import Wanted
from callflow.archive.search import CallQuery, find, rows_of
from callflow.archive.store import Archive
from callflow.archive.tables import Call, StoredFinding, Team
from callflow.archive.viewers import EVERYTHING, Namesakes, Viewer, seen
from callflow.errors import ArchiveError
from callflow.events import Score
from callflow.texts import Text

DAY = datetime(2026, 11, 1)


def points(total: float | None) -> Score:
    return Score(at=90.0, total=total)


@pytest.fixture(scope="module", params=BOTH)
def few(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Five calls that differ in all that can be asked for; nobody changes them."""
    with Archive.open(new_url(request.param, tmp_path_factory.mktemp("few"), request)) as archive:
        _fill(archive)
        yield archive


def _fill(archive: Archive) -> None:
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
        ({"severe": True}, [3, 1]),
        ({"severe": True, "severity": "severe"}, [1]),
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
        ({"sort": "faults"}, [3, 1, 5, 4, 2]),
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
    assert ids(few, **query) == expected


def test_a_dispute_is_asked_for_with_its_rule(archive: Archive) -> None:
    """Not one rule of a call and the dispute about another."""
    calls.add(archive, [call(1), call(2)])
    with archive.begin() as session:
        for number in (1, 2):
            session.get_one(Call, number).disputed = 1
        for one in session.scalars(sa.select(StoredFinding)):
            one.disputed = one.rule == ("greet" if one.call_id == 1 else "sorry-after-hold")
    assert ids(archive, disputed=True) == [2, 1]
    assert ids(archive, disputed=True, rule="greet") == [1]
    assert ids(archive, disputed=True, rule="sorry-after-hold", verdict="missed") == [2]
    assert ids(archive, disputed=True, rule="sorry-after-hold", verdict="met") == []
    assert ids(archive, disputed=True, verdict="met") == [1]
    assert ids(archive, disputed=True, severity="severe") == [2]
    assert ids(archive, disputed=False, rule="greet") == []


def test_pages_and_counting(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "COUNTED", 10)
    calls.add(archive, [call(number) for number in range(25)])

    def page(offset: int, **more: Any) -> tuple[list[int], int, bool]:
        found = find(archive, CallQuery(sort="added", descending=False, limit=4, offset=offset, **more), EVERYTHING)
        return [row.id for row in found.rows], found.total, found.total_is_least

    assert page(0) == ([1, 2, 3, 4], 10, True)
    assert page(4) == ([5, 6, 7, 8], 10, True)
    assert page(8) == ([9, 10, 11, 12], 12, True)
    assert page(20) == ([21, 22, 23, 24], 24, True)
    assert page(24) == ([25], 25, False)
    assert page(40) == ([], 10, True)
    assert page(40, rule="nothing") == ([], 0, False)
    assert page(0, until=datetime(2026, 11, 1, 9, 7)) == ([1, 2, 3, 4], 7, False)


@pytest.mark.parametrize(
    ("viewer", "expected"),
    [
        (EVERYTHING, [5, 4, 3, 2, 1]),
        (Viewer("supervisor", team_id=1), [5, 2, 1]),
        (Viewer("supervisor", team_id=2), [3]),
        (Viewer("supervisor", team_id=99), []),
        (Viewer("supervisor"), []),
        (Viewer("agent", agent_id=2), [2]),
        (Viewer("agent", agent_id=2, team_id=1), [2]),
        (Viewer("agent"), []),
        (Viewer("agent", team_id=1), []),
    ],
)
def test_who_sees_what(few: Archive, viewer: Viewer, expected: list[int]) -> None:
    assert ids(few, viewer, sort="added") == expected
    with few.read() as session:
        for number in range(1, 7):
            if number in expected:
                assert seen(session, number, viewer).id == number
            else:
                with pytest.raises(ArchiveError, match=f"there is no call {number}"):
                    seen(session, number, viewer)


def test_a_name_is_as_good_as_a_code_where_only_one_has_it(archive: Archive) -> None:
    who = (("7", "张伟", "华东"), ("8", "张伟", "华北"), ("9", "李强", "华北"), ("10", "9", "华北"))
    calls.add(archive, [call(n, agent=a, agent_name=b, team=c) for n, (a, b, c) in enumerate(who, 1)])
    wanted = {"李强": [3], "9": [3], "10": [4], "王芳": []}
    for asked, expected in wanted.items():
        assert ids(archive, agent=asked) == expected
        assert extracts.chosen(archive, Wanted(agent=asked)) == expected
    with pytest.raises(Namesakes, match="several agents") as error:
        ids(archive, agent="张伟")
    assert "7, 8" in error.value.in_("zh")
    with pytest.raises(Namesakes):
        extracts.decided(archive, Wanted(agent="张伟"))
    with archive.read() as session:
        team = session.scalar(sa.select(Team.id).where(Team.name == "华东"))
    assert ids(archive, Viewer("supervisor", team_id=team), agent="张伟") == [1], "others are not theirs to know of"


def test_no_filter_widens_what_is_seen(few: Archive) -> None:
    agent = Viewer("agent", agent_id=2)
    for query in ({"agent": "1001"}, {"team": "华北"}, {"rule": "greet"}, {"words": "投诉"}, {"status": "failed"}):
        assert ids(few, agent, **query) == []


def test_a_row_says_what_the_page_shows(few: Archive) -> None:
    (row,) = find(few, CallQuery(words="投诉"), EVERYTHING).rows
    assert (row.agent, row.team, row.customer, row.judged, row.faults, row.severe) == (
        *("2001", "华北", "13911112222", 40.0, 1, 1),
    )
    assert row.excerpt == "我要投诉，快递丢了"
    (row,) = find(few, CallQuery(sounds="tou su"), EVERYTHING).rows
    assert row.excerpt == "我要投诉，快递丢了"
    (row,) = find(few, CallQuery(words="丢"), Viewer("admin")).rows
    assert row.customer == "139••••2222"


def test_numbers_in_excerpts_are_masked(archive: Archive) -> None:
    calls.add(archive, [call(1, path="/calls/13812345678.wav", text="您好\n我的电话是13812345678，记下了吗")])
    query = CallQuery(words="我的电话")
    assert find(archive, query, EVERYTHING).rows[0].excerpt == "我的电话是13812345678，记下了吗"
    (row,) = find(archive, query, Viewer("admin")).rows
    assert row.excerpt == "我的电话是138••••5678，记下了吗"
    assert row.path == "/calls/138••••5678.wav"


def test_a_page_may_be_asked_for_while_calls_are_purged(archive: Archive) -> None:
    """PostgreSQL shows each question what has been kept until then."""
    there = calls.add(archive, [call(n) for n in range(1, 4)])
    with archive.read() as session:
        assert [row.id for row in rows_of(session, [there[0], 4711, there[2]], True)] == [there[0], there[2]]
    calls.add(archive, [call(n, began=datetime(2020, 1, 1)) for n in range(10, 400)])
    with ThreadPoolExecutor(1) as other:
        purging = other.submit(purge.purge, archive, timedelta(days=30), datetime(2026, 11, 2))
        while not purging.done():
            assert find(archive, CallQuery(words="快递", limit=500), EVERYTHING).total >= 3
        purging.result()
    assert find(archive, CallQuery(), EVERYTHING).total == 3


def test_what_two_lines_make_together_was_not_said(archive: Archive) -> None:
    """Compared with looking for every phrase of up to four characters by hand, in lines of all lengths."""
    said = {1: "你好\n好吗", 2: "你\n好吗\n你好", 3: "你好吗", 4: "好吗好\n\n吗你，好吗"}
    new = [call(n, text=text, sounds="\n".join(map(" ".join, text.split("\n")))) for n, text in said.items()]
    numbers = dict(zip(said, calls.add(archive, new), strict=True))
    for length in (1, 2, 3, 4):
        for asked in map("".join, product("你好吗", repeat=length)):
            there = [n for n, text in said.items() if any(asked in line.replace("，", "") for line in text.split("\n"))]
            expected = sorted(numbers[n] for n in there)
            assert ids(archive, words=asked, sort="added", descending=False) == expected
            assert ids(archive, sounds=" ".join(asked), sort="added", descending=False) == expected


def test_a_call_of_hours_is_found_by_its_last_words(archive: Archive) -> None:
    lines = ["这是一通很长的通话" * 3] * 1_200
    calls.add(archive, [call(1, text="\n".join([*lines, "最后说了再见"]), sounds="\n".join(["zhe shi"] * 20_000))])
    assert ids(archive, words="最后说了再见") == [1]
    assert ids(archive, words="最后 很长的通话") == [1]
    assert ids(archive, sounds="zhe shi") == [1]
