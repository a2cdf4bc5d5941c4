"""Lists of calls as CSV, right and wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from callflow.errors import BadFlow, BadInput
from callflow.problems import Level
from callflow.review.batch.manifest import MISSING, read_manifest
from callflow.review.batch.task import Metadata, Task, Wrong, moment


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    """What lists here name."""
    (tmp_path / "sub").mkdir()
    for name in ("a.wav", "b.wav", "c.wav", "a\n.wav", "sub/b.wav", "a.events"):
        (tmp_path / name).touch()


ROW = Metadata("1001", "north", "售后", "inbound", "张三", datetime(2026, 3, 2, 9, 30))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "head",
    [
        ["file", "agent", "team", "queue", "direction", "time", "customer", "agent_channel", "events"],
        ["文件", "坐席", "班组", "队列", "方向", "时间", "客户", "坐席声道", "事件"],
        ["File", " AGENT ", "Team", "queue", "direction", "time", "customer", "agent_channel", "events"],
    ],
)
def test_a_list_says_what_is_known_of_each_call(tmp_path: Path, head: list[str], delimiter: str, encoding: str) -> None:
    rows = [
        head,
        ["a.wav", "1001", "north", "售后", "呼入", "2026/03/02 09:30", "张三", "right", "a.events"],
        [],
        ["sub/b.wav", *[""] * 8],
    ]
    path = tmp_path / "calls.csv"
    path.write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    tasks, problems = read_manifest(path)
    assert problems == []
    assert tasks == [Task(tmp_path / "a.wav", ROW, "right", tmp_path / "a.events"), Task(tmp_path / "sub/b.wav")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("file,agnet\na.wav,7\n", '1:6: error: no column "agnet" — did you mean "agent"?'),
        ("file,colour of the walls\na.wav,7\n", '1:6: error: no column "colour of the walls" (there are file, agent,'),
        ("agent,queue\n7,x\n", '1: error: lacks the column "file"'),
        ("file,agent,agent\na.wav,7,8\n", '1:12: error: column "agent" stands twice'),
        ("file,agent,time\na.wav,7,yesterday\n", '2:9: error: "yesterday" is no time'),
        ('file,agent,direction\n"a\n.wav",7,\nb.wav,7,up\n', '4:9: error: "up" is no direction'),
        ("file,agent_channel\na.wav,middle\n", '2:7: error: "middle" is no channel'),
        ("file,agent\n,7\n", "2:1: error: names no file"),
        ("file,agent\na.wav,7,8\n", "2: error: more cells than columns"),
        ('file,agent\na.wav,7\n"b.wav,8\nc.wav,9\n', "3: error: the quotation mark is not closed"),
        ('file,agent\n"a.wav"x,7\n', "2: error: something stands behind a closing quotation mark"),
    ],
)
def test_what_is_wrong_in_a_list_is_told_with_its_place(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadFlow) as raised:
        read_manifest(path)
    assert f"{path}:{problem}" in str(raised.value.problems[0])
    assert "nothing was begun" in raised.value.in_("en")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("file,time\na.wav,x\nb.wav,2026-01-01\nc.wav,y\n", encoding="utf-8")
    with pytest.raises(BadFlow) as raised:
        read_manifest(path)
    assert [problem.at.line for problem in raised.value.problems] == [2, 4]


def test_every_mistake_of_a_line_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("file,direction,time,agent_channel\na.wav,sideways,x,up\n,,y,\n", encoding="utf-8")
    with pytest.raises(BadFlow) as raised:
        read_manifest(path)
    places = [(problem.at.line, problem.at.column) for problem in raised.value.problems]
    assert places == [(2, 7), (2, 16), (2, 18), (3, 1), (3, 3)]


def test_a_call_whose_files_are_not_there_is_left_out_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("file,events\na.wav,\ngone.wav,gone.jsonl\nb.wav,gone.jsonl\nsub,\n", encoding="utf-8")
    tasks, problems = read_manifest(path)
    assert [task.path.name for task in tasks] == ["a.wav"]
    assert [(problem.at.line, problem.at.column) for problem in problems] == [(3, 1), (3, 10), (4, 7), (5, 1)]
    assert {(problem.rule, problem.level) for problem in problems} == {(MISSING, Level.WARNING)}


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("2026/11/5 9:30", datetime(2026, 11, 5, 9, 30)),
        ("2026/11/5 09:30:07", datetime(2026, 11, 5, 9, 30, 7)),
        ("2026-11-06 9:30", datetime(2026, 11, 6, 9, 30)),
        ("2026-11-5", datetime(2026, 11, 5)),
        ("2026年11月6日 9:30", datetime(2026, 11, 6, 9, 30)),
        ("2026年11月6日9时5分", datetime(2026, 11, 6, 9, 5)),
        ("2026-10-01T09:30:00+08:00", datetime.fromisoformat("2026-10-01T09:30:00+08:00")),
        ("2026/11/59:30", None),
        ("2026/13/5", None),
        ("5.11.2026", None),
        ("2026/2/30 9:30", None),
        ("2026/2/3 9:305", None),
    ],
)
def test_times_as_spreadsheets_write_them(written: str, when: datetime | None) -> None:
    if when:
        assert moment(written) == when
    else:
        with pytest.raises(Wrong, match="is no time"):
            moment(written)


def test_a_file_that_stands_twice_is_taken_once(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("file,agent\na.wav,7\na.wav,8\n", encoding="utf-8")
    tasks, problems = read_manifest(path)
    assert [task.metadata.agent for task in tasks] == ["7"]
    assert "stands in line 2 already" in str(problems[0])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x81\xff", b'file\n"' + b"a" * 200_000])
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_manifest(path)
