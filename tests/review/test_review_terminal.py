"""The replay in a terminal, in a pipe, and at every width."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from callflow import events as ev
from callflow.flow.model import Flow
from callflow.review.story import Story
from callflow.review.terminal import TerminalView
from callflow.review.wrap import clean, wrap

ESCAPE = "\x1b"


def replay(
    events: list[ev.Event], flow: Flow, language: str = "zh", width: int = 80, terminal: bool = False, **more: bool
) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, legacy_windows=False, **more)  # type: ignore[arg-type]
    with TerminalView(console, flow, language, width) as view:
        for event in events:
            view.show(event)
            view.progress(event.at, 126.6, event.at / 10 + 1)
        view.summary(Story.of(events, flow), Path("out/call.html"), Path("out/call.jsonl"))
    return out.getvalue()


@pytest.fixture(autouse=True)
def real_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine that runs the tests has in its environment must not decide."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("sounds", [False, True])
def test_no_line_is_wider_than_the_terminal(
    events: list[ev.Event],
    flow: Flow,
    by_sound: Callable[[ev.Event], ev.Event],
    width: int,
    language: str,
    sounds: bool,
) -> None:
    told = [by_sound(event) if sounds else event for event in events]
    lines = replay(told, flow, language, width).splitlines()
    body = lines[: next(n for n, line in enumerate(lines) if "Report" in line or "报告" in line)]
    assert [line for line in body if cell_len(line) > width or line != line.rstrip()] == []


def test_into_a_pipe_go_plain_lines(events: list[ev.Event], flow: Flow) -> None:
    shown = replay(events, flow)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    assert "还剩" not in shown


def test_a_terminal_gets_colour_and_a_line_with_the_time_left_and_the_cursor_back(
    events: list[ev.Event], flow: Flow
) -> None:
    shown = replay(events, flow, terminal=True)
    assert f"{ESCAPE}[31m" in shown or f"{ESCAPE}[1;31m" in shown
    assert "还剩" in shown
    assert shown.rindex(f"{ESCAPE}[?25h") > shown.rindex(f"{ESCAPE}[?25l")


def test_no_color_means_none(events: list[ev.Event], flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[(?:\d;)*(?:3[0-7]|9[0-7])m", replay(events, flow, terminal=True))


def test_each_speaker_has_a_column(events: list[ev.Event], flow: Flow) -> None:
    lines = replay(events, flow, "en").splitlines()
    agent = next(line for line in lines if "喂，查到了，货还在路上" in line)
    customer = next(line for line in lines if "都三天了" in line)
    head = next(line for line in lines if "Customer" in line)
    assert cell_len(agent[: agent.index("喂")]) == head.index("Agent")
    assert cell_len(customer[: customer.index("都")]) == head.index("Customer")


def test_what_was_said_comes_before_what_the_guide_makes_of_it(events: list[ev.Event], flow: Flow) -> None:
    shown = replay(events, flow)
    order = ["这个不归我管，你找承运商吧", "⚠ “这个不归我管” → 这件事我来帮您联系负责的同事", "✕ 禁语：不归我管"]
    assert [shown.index(part) for part in order] == sorted(shown.index(part) for part in order)


def test_partials_are_silent_but_their_warnings_are_not(flow: Flow) -> None:
    partial = ev.Heard(at=1, speaker="agent", text="这个不归", final=False, utterance="u")
    warning = ev.Prompt(at=1, id="p", kind="warn", text="better", said="不归我管", status="shown", stage="provisional")
    shown = replay([partial, warning, replace(warning, at=2, stage="confirmed")], flow)
    assert "这个不归\n" not in shown
    assert shown.count("⚠") == 1
    assert "撤回" in replay([partial, warning, replace(warning, at=2, status="withdrawn")], flow)


def test_the_summary_names_score_faults_by_severity_and_files(events: list[ev.Event], flow: Flow) -> None:
    summary = replay(events, flow).split("━━━", 1)[1]
    assert "得分 58 / 100" in summary
    assert [summary.index(word) for word in ("致命", "严重", "较重", "轻微")] == sorted(
        summary.index(word) for word in ("致命", "严重", "较重", "轻微")
    )
    assert "转接没有接通，无从判断" in summary
    assert "out/call.html" in summary
    assert "out/call.jsonl" in summary


def test_a_sentence_still_held_back_is_printed_when_the_view_closes(flow: Flow) -> None:
    out = io.StringIO()
    with TerminalView(Console(file=out), flow) as view:
        view.show(ev.Heard(at=1, speaker="agent", text="最后一句", start=0, end=1))
    assert "最后一句" in out.getvalue()


def test_no_text_can_steer_the_terminal(flow: Flow) -> None:
    evil = "您好\x1b[2J\x1b]0;owned\x07\r[bold red]再见[/]"
    shown = replay(
        [
            ev.Heard(at=1, speaker="agent", text=evil, start=0, end=1),
            ev.Prompt(at=1, id="p", kind="say", text=evil, status="shown"),
            ev.FieldValue(at=1, name=evil, value=evil, stage="heard"),
            ev.Finding(at=1, rule=evil, verdict="missed", severity="minor", reason=evil),
        ],
        flow,
        width=140,
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    assert "[bold red]再见[/]" in shown


@pytest.mark.parametrize(
    ("line", "width", "expected"),
    [
        ("您好，再见。", 6, ["您好，", "再见。"]),
        ("您好，再见。", 4, ["您", "好，", "再", "见。"]),
        ("我们说“您好”吧", 8, ["我们说", "“您好”吧"]),
        ("电话 13812345678 对吗", 12, ["电话", "13812345678", "对吗"]),
        ("wo de huo dao", 6, ["wo de", "huo", "dao"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("", 10, [""]),
    ],
)
def test_lines_break_where_a_reader_would_break_them(line: str, width: int, expected: list[str]) -> None:
    parts = [part.plain for part in wrap(Text(line), width)]
    assert all(cell_len(part) <= width for part in parts)
    assert parts == expected


def test_clean_keeps_a_text_on_one_line() -> None:
    assert clean("a\nb\tc\x1b[0m") == "a b c[0m"


def test_what_was_not_assessed_is_listed_by_reason_and_no_reason_is_cut(flow: Flow) -> None:
    findings: list[ev.Event] = [
        ev.Finding(at=9, rule=rule, verdict="not_assessed", severity="minor", reason=reason)
        for rule, reason in (("first", "no-call-events"), ("other", "one-channel"), ("second", "no-call-events"))
    ]
    words = " ".join(replay(findings, flow, "en", 60).split())
    assert "call events beside the recording (2) first · second" in words
    assert "who spoke cannot be told apart (1) other" in words


def test_words_cannot_turn_the_direction_of_writing() -> None:
    assert clean("a\u202eb\u2066c\u200fd\x1be") == "abcde"


def test_a_voice_is_nothing_to_read_of(events: list[ev.Event], flow: Flow) -> None:
    voices: list[ev.Event] = [ev.Voice(at=1.0, start=1.0, end=1.0, speaker="agent")]
    assert replay([*voices, *events], flow) == replay(events, flow)
    assert Story.of([*voices, *events], flow) == Story.of(events, flow)


def test_what_came_up_is_told_once(events: list[ev.Event], flow: Flow) -> None:
    lines = [line for line in replay(events, flow).splitlines() if "客户抱怨" in line]
    assert len(lines) == 1
    assert lines[0].strip().startswith("1:20")


def test_the_faults_are_counted_by_the_causes_of_dissatisfaction_the_most_named_first(
    events: list[ev.Event], flow: Flow
) -> None:
    lines = [line.strip() for line in replay(events, flow, "en").splitlines()]
    head = lines.index("Causes of dissatisfaction (% of customers who name them)")
    assert lines[head + 1].split() == ["Attitude", "of", "staff", "35", "%", "✕", "violated", "2"]
    assert lines[head + 2].split() == ["Waiting", "27", "%", "○", "missed", "2"]
    assert lines[head + 3] == ""


def test_a_flow_without_causes_names_none(events: list[ev.Event], flow: Flow) -> None:
    assert "客户不满的原因" not in replay(events, replace(flow, causes={}))


def test_of_what_nobody_can_judge_the_flow_says_why(flow: Flow) -> None:
    finding = ev.Finding(at=9, rule="kind-tone", verdict="not_assessed", severity="minor", reason="by-nature")
    assert "听不准 (1) 态度和蔼" in " ".join(replay([finding], flow).split())


def test_what_was_promised_is_told_at_once_and_listed_at_the_end(events: list[ev.Event], flow: Flow) -> None:
    promise = ev.Promise(at=31, phrase="reply", start=28, end=30, said="给您回复", when="两个小时内", due=7200)
    undated: list[ev.Event] = [ev.CallContext(at=0), *events[1:], promise]
    lines = [line.strip() for line in replay(undated, flow).splitlines()]
    assert sum("两个小时内 · 给您回复" in line and "2 小时内" in line for line in lines) == 2
    assert lines[lines.index("◇ 待跟进") + 1].startswith("0:28")
    assert "◇ 待跟进" not in replay(events, flow)
