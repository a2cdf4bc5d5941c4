"""Journals on a real disk: whole up to the last line whatever kills the writer, complete or not there otherwise."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import disk_full_after

from callflow import __version__, flowfiles
from callflow.errors import BadJournal, OutputError
from callflow.events import CallAnswered, CallHungUp, Event, Heard, Prompt, Tick
from callflow.journal import FORMAT, MAX_LINE, Header, JournalWriter, lines_of, read_events, read_journal
from callflow.problems import Level

ROOT = Path(__file__).resolve().parent.parent
HEADER = Header("inbound", {"flow.yaml": "ab" * 32}, "call.opus")
EVENTS: list[Event] = [
    CallAnswered(at=1.25),
    Heard(at=4.0, speaker="agent", text="您好，国资商城物流事业部", start=2.0, end=3.9, utterance="a1"),
    Heard(at=5.0, speaker="customer", text="我的货\u2028到哪了", utterance="c1", extra={"x": [1, {"y": "二"}]}),
    CallHungUp(at=9.5, by="customer"),
]


def written(path: Path, events: list[Event] = EVENTS) -> Path:
    with JournalWriter(path, HEADER) as journal:
        for event in events:
            journal.write(event)
    return path


# ------------------------------------------------------------------------------------------------- there and back


def test_a_journal_gives_back_what_was_written(tmp_path: Path) -> None:
    journal = read_journal(written(tmp_path / "call.jsonl"))
    assert journal.header == HEADER
    assert journal.events == EVENTS
    assert journal.problems == []


def test_the_first_line_says_format_version_and_hashes(tmp_path: Path) -> None:
    flow, _ = flowfiles.load("inbound")
    with JournalWriter(tmp_path / "call.jsonl", Header(flow.name, flow.hashes, "call.opus")):
        pass
    header = json.loads((tmp_path / "call.jsonl").read_text("utf-8"))
    assert (header["type"], header["format"], header["version"]) == ("journal", FORMAT, __version__)
    assert header["files"].keys() == {path.name for path in (flowfiles.flows_folder() / "inbound").iterdir()}
    assert all(len(digest) == 64 for digest in header["files"].values())


def test_lines_reach_the_disk_one_by_one(tmp_path: Path) -> None:
    """Whoever looks while the call runs sees every event that was written."""
    with JournalWriter(tmp_path / "call.jsonl", HEADER, live=True) as journal:
        for count, event in enumerate(EVENTS, start=1):
            journal.write(event)
            assert read_journal(tmp_path / "call.jsonl").events == EVENTS[:count]


@given(st.binary(max_size=300) | st.text(max_size=80).map(str.encode))
@settings(max_examples=100)
def test_any_bytes_after_the_header_are_events_or_problems(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    path = tmp_path_factory.mktemp("j") / "call.jsonl"
    path.write_bytes(HEADER.to_json().encode() + b"\n" + EVENTS[0].to_json().encode() + b"\n" + junk)
    journal = read_journal(path)
    assert journal.events[0] == EVENTS[0]
    assert all(problem.level is Level.WARNING and problem.at.line >= 3 for problem in journal.problems)


# --------------------------------------------------------------------------------------------- complete or not there


def test_until_it_is_complete_it_is_called_part(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    path.write_text("the old one")
    with JournalWriter(path, HEADER) as journal:
        journal.write(EVENTS[0])
        assert path.read_text() == "the old one"
        assert read_journal(tmp_path / "call.jsonl.part").events == EVENTS[:1]
    assert read_journal(path).events == EVENTS[:1]
    assert os.listdir(tmp_path) == ["call.jsonl"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_or_ctrl_c_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "call.jsonl"
    path.write_text("the old one")
    with pytest.raises(error), JournalWriter(path, HEADER) as journal:  # noqa: PT012 (the with is what is tested)
        journal.write(EVENTS[0])
        raise error
    assert path.read_text() == "the old one"
    assert os.listdir(tmp_path) == ["call.jsonl"]


def test_a_live_journal_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    with pytest.raises(KeyboardInterrupt), JournalWriter(path, HEADER, live=True) as journal:  # noqa: PT012
        journal.write(EVENTS[0])
        raise KeyboardInterrupt
    assert read_journal(path).events == EVENTS[:1]


@pytest.mark.parametrize("where", ["missing/call.jsonl", "folder", "file/call.jsonl"])
def test_where_nothing_can_be_written_it_says_so_at_once(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder.part").mkdir()
    (tmp_path / "file").write_text("")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OutputError) as caught:
        JournalWriter(tmp_path / where, HEADER)
    assert str(tmp_path / where) in caught.value.message.en
    assert caught.value.hint.zh
    assert sorted(os.listdir(tmp_path)) == before


# ------------------------------------------------------------------------------------------------------ kill -9

WRITER = """
import sys
from itertools import count
from pathlib import Path
from callflow.events import Heard
from callflow.journal import Header, JournalWriter

with JournalWriter(Path(sys.argv[1]), Header("inbound"), live=sys.argv[2] == "live") as journal:
    for n in count():
        journal.write(Heard(at=float(n), speaker="agent", text="您好，" * 20, utterance=f"u{n}"))
        print(n, flush=True)
"""


@pytest.mark.parametrize("live", [True, False])
def test_kill_9_loses_nothing_that_was_written(tmp_path: Path, live: bool) -> None:
    path = tmp_path / "call.jsonl"
    command = [sys.executable, "-c", WRITER, str(path), "live" if live else "whole"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    left = path if live else tmp_path / "call.jsonl.part"
    assert os.listdir(tmp_path) == [left.name]
    journal = read_journal(left)
    count = len(journal.events)
    assert [event.at for event in journal.events] == [float(n) for n in range(count)]
    assert told[-1] + 1 <= count <= told[-1] + 2


def test_a_cut_last_line_is_reported_and_left_out_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.jsonl").read_bytes()
    last = len(EVENTS[-1].to_json().encode()) + 1
    path = tmp_path / "cut.jsonl"
    for missing in range(2, last):
        path.write_bytes(whole[:-missing])
        journal = read_journal(path)
        assert journal.events == EVENTS[:-1]
        (problem,) = journal.problems
        assert (problem.rule, problem.at.line, problem.level) == ("cut-line", 5, Level.WARNING)
    path.write_bytes(whole[:-1])  # only the line end is missing: the event is whole
    assert read_journal(path).events == EVENTS


def test_cut_in_the_middle_of_a_character_it_is_a_cut_line_too(tmp_path: Path) -> None:
    path = written(tmp_path / "call.jsonl", EVENTS[:2])
    content = path.read_bytes()
    path.write_bytes(content[: content.index("您".encode()) + 1])
    journal = read_journal(path)
    assert journal.events == EVENTS[:1]
    assert [problem.rule for problem in journal.problems] == ["cut-line"]


def test_a_damaged_line_in_the_middle_is_named_and_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "call.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2:3] = [b'{"type":"heard",\n', b'{"type":"call.beamed","at":1}\n', b"\n", b"x" * (MAX_LINE + 1) + b"\n"]
    path.write_bytes(b"".join(lines))
    journal = read_journal(path)
    assert journal.events == [EVENTS[0], *EVENTS[2:]]
    assert [(p.at.line, p.rule) for p in journal.problems] == [(3, "json"), (4, "event-type"), (6, "event-size")]


def test_a_line_without_end_costs_no_memory() -> None:
    """It is passed over in pieces; what is handed on is just long enough to be called too long."""

    class Endless(io.BytesIO):
        left = 40_000_000

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size <= MAX_LINE + 1
            self.left -= (count := min(size, self.left))
            return b"x" * count

    lines = list(lines_of(Endless()))
    assert [len(line) for line in lines] == [MAX_LINE + 1]


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b""))), st.booleans())
def test_lines_are_those_that_python_sees(parts: list[bytes], ended: bool) -> None:
    content = b"\n".join(parts) + b"\n" * ended
    assert list(lines_of(io.BytesIO(content))) == list(io.BytesIO(content))


def test_an_input_that_goes_back_in_time_is_named_and_left_out(tmp_path: Path) -> None:
    """Outputs may: a prompt that expired is told when the next event comes."""
    late = Prompt(at=1.5, id="p", kind="say", text="您好", status="expired")
    path = written(tmp_path / "call.jsonl", [*EVENTS[:2], late, Tick(at=3.0), *EVENTS[2:], Tick(at=1.0)])
    path.write_bytes(path.read_bytes().rstrip())
    journal = read_journal(path)
    assert journal.events == [*EVENTS[:2], late, *EVENTS[2:]]
    assert [(p.rule, p.at.line, p.level) for p in journal.problems] == [
        ("event-order", 5, Level.WARNING),
        ("event-order", 8, Level.WARNING),
    ]


# ------------------------------------------------------------------------------------------------ a full disk


def fill(path: Path) -> None:
    with JournalWriter(path, HEADER) as journal:
        for n in range(1_000):
            journal.write(Tick(at=float(n)))


def test_a_full_disk_is_one_clear_error_and_nothing_half_written(tiny_disk: Path) -> None:
    with pytest.raises(OutputError, match="No space left on device"):
        fill(tiny_disk / "call.jsonl")
    assert os.listdir(tiny_disk) == []


def test_a_full_disk_keeps_the_journal_of_before(tiny_disk: Path) -> None:
    written(tiny_disk / "call.jsonl")
    with pytest.raises(OutputError):
        fill(tiny_disk / "call.jsonl")
    assert os.listdir(tiny_disk) == ["call.jsonl"]
    assert read_journal(tiny_disk / "call.jsonl").events == EVENTS


@pytest.mark.parametrize("size", [0, 10, 5_000])
def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path, size: int) -> None:
    """Even where not so much as the header fits."""
    with pytest.raises(OutputError), disk_full_after(size):
        fill(tmp_path / "call.jsonl")
    assert os.listdir(tmp_path) == []


# ------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"not a journal",
        b'{"type":"tick","at":1}\n',
        b'{"type":"journal"}\n',
        b'{"type":"journal","format":"1"}\n',
        b'{"type":"journal","format":true}\n',
        b'{"type":"journal","format":0}\n',
        b'["journal"]\n',
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"\x00" * 1_000,
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "call.jsonl").write_bytes(content)
    with pytest.raises(BadJournal) as caught:
        read_journal(tmp_path / "call.jsonl")
    assert "not a journal" in caught.value.message.en
    assert "不是日志" in caught.value.message.zh


@pytest.mark.parametrize(
    "header",
    [
        {"type": "journal", "format": FORMAT + 1, "version": "9.0"},
        {"type": "journal", "format": 10**40, "version": ["x"] * 50},
        {"type": "journal", "format": FORMAT + 1, "new": {"shape": 1}},
    ],
)
def test_a_journal_from_a_newer_version_is_refused_by_name(tmp_path: Path, header: dict[str, object]) -> None:
    (tmp_path / "call.jsonl").write_text(json.dumps(header) + "\n")
    with pytest.raises(BadJournal) as caught:
        read_journal(tmp_path / "call.jsonl")
    assert f"format {header['format']}" in caught.value.message.en
    assert "install a newer callflow" in caught.value.in_("en")
    assert "更新版本" in caught.value.in_("zh")


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_what_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    for read in (read_journal, read_events):
        with pytest.raises(BadJournal, match="cannot read"):
            read(tmp_path / name)


# ------------------------------------------------------------------------------------------- exported call events


def test_exported_events_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "call.opus.events.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(event.to_json().encode() for event in EVENTS))
    assert read_events(path) == (EVENTS, [])


def test_every_mistake_in_exported_events_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "call.events.jsonl"
    path.write_bytes(
        b'{"type":"call.ringing","at":1}\n'
        b'{"type":"call.answered","at":NaN}\n'
        b'{"type":"call.held","at":9}\n'
        b'{"type":"call.resumed","at":8}\n'
        b'{"type":"heard","at":9,"speaker":"nobody","text":"\xe5\x96\x82"}\n'
        b'{"type":"call.hungup","at":9}\n'
        b'{"type":"call.transfer_started","at":9,"to":"\xff"}\n' + b"x" * (MAX_LINE + 5) + b"\n"
        b'{"type":"call.hung_up","at":10,"by":"customer"}\n'
    )
    events, problems = read_events(path)
    assert [event.at for event in events] == [1.0, 9.0, 10.0]
    assert [(problem.at.line, problem.rule, problem.level) for problem in problems] == [
        (2, "event-field", Level.ERROR),
        (4, "event-order", Level.ERROR),
        (5, "event-field", Level.ERROR),
        (6, "event-type", Level.ERROR),
        (7, "encoding", Level.ERROR),
        (8, "event-size", Level.ERROR),
    ]
