"""Filters, masks, peaks and overlays of the desk, without a server."""

from __future__ import annotations

import struct
from hashlib import sha256
from pathlib import Path

import bundled
import numpy as np
import pytest

from callflow import events as ev
from callflow import flowfiles
from callflow.archive.masking import masked, masked_events
from callflow.audio.recording import Recording
from callflow.audio.source import Source
from callflow.call.plan import Plan
from callflow.call.screen import Screen
from callflow.review.desk.filters import Filters
from callflow.review.desk.recordings import Roots
from callflow.review.desk.screens import changes
from callflow.review.desk.sound import SoundFiles
from callflow.review.peaks import packed
from callflow.review.replay import rejudge


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.of(flowfiles.load("inbound")[0])


@pytest.fixture(scope="module")
def events(plan: Plan) -> list[ev.Event]:
    found: list[ev.Event] = []
    rejudge(bundled.events("order_wrong_readback"), plan, found.append)
    return found


# ------------------------------------------------------------------------------------------------ filters


def test_an_address_becomes_a_query_and_an_address_again() -> None:
    given = {"agent": "1001", "since": "2026-11-01", "until": "2026-11-30", "score_below": "80", "page": "3", "x": "y"}
    filters, told = Filters.of(given)
    query = filters.query(str)
    assert told == []
    assert (query.agent, query.score_below, query.offset, query.sort, query.descending) == (
        "1001",
        80,
        100,
        "began",
        True,
    )
    assert query.since is not None
    assert query.until is not None
    assert (query.until - query.since).days == 30  # the last day is meant whole
    assert filters.link(queue="a&b") == (
        "/calls?agent=1001&queue=a%26b&since=2026-11-01&until=2026-11-30&score_below=80"
    )
    assert Filters.of({})[0].link() == "/calls"


def test_a_column_is_sorted_the_other_way_round_the_second_time() -> None:
    filters, _ = Filters.of({"sort": "score"})
    assert filters.sorted_by("score") == "/calls?sort=score&up=1"
    assert Filters.of({"sort": "score", "up": "1"})[0].sorted_by("score") == "/calls?sort=score"
    assert filters.sorted_by("faults") == "/calls?sort=faults"


def test_words_are_looked_for_by_their_sound() -> None:
    filters, _ = Filters.of({"words": "归我管", "sounds": "1"})
    query = filters.query(lambda words: f"<{words}>")
    assert (query.words, query.sounds) == ("", "<归我管>")


@pytest.mark.parametrize("name", ["since", "score_below", "verdict", "sort", "page", "up"])
def test_what_means_nothing_is_left_out_and_told(name: str) -> None:
    filters, told = Filters.of({name: "nonsense", "agent": "1001"})
    assert getattr(filters, name) == ""
    assert filters.agent == "1001"
    assert "nonsense" in told[0].zh


# ------------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("13812345678", "138••••5678"),
        ("电话是一三八一二三四五六七八", "电话是一三八••••五六七八"),
        ("138-1234-5678", "138-••••-5678"),
        ("6222021234567890123", "622••••••••••••0123"),
        ("1381234", "138••••"),
        ("订单12345", "订单12345"),
        ("二零二六年十一月", "二零二六年十一月"),
    ],
)
def test_long_numbers_lose_their_middle(said: str, shown: str) -> None:
    assert masked(said) == shown


def test_a_number_told_in_parts_is_hidden_in_all_that_a_call_says_of_it(plan: Plan, events: list[ev.Event]) -> None:
    numbers = {event.value for event in events if isinstance(event, ev.FieldValue) and event.value.isdigit()}
    longest = max(numbers, key=len)
    told = "\n".join(event.to_json() for event in masked_events(events))
    spoken = longest[3:7].translate(str.maketrans("0123456789", "零一二三四五六七八九"))
    assert len(longest) == 11
    assert longest[:3] in told
    assert longest[3:7] not in told
    assert spoken not in told


# ------------------------------------------------------------------------------------------------ overlays


def test_the_overlay_of_every_moment_can_be_put_together(plan: Plan, events: list[ev.Event]) -> None:
    parts = changes(events, plan.flow)
    screen, now, checked = Screen(plan.flow), 0.0, 0
    for event, following in zip(events, [*events[1:], None], strict=True):
        screen.follow(event)
        now = max(now, event.at)
        if following is not None and following.at - now < 0.25:
            continue  # more happens at this moment
        view = {
            name: [value for at, value in told if at <= now][-1]
            for name, told in parts.items()
            if any(at <= now for at, _ in told)
        }
        whole = screen.view(now)
        del whole["at"]
        assert view == whole
        checked += 1
    assert checked > 20


# ------------------------------------------------------------------------------------------------ sound


GONE, KEPT = "a" * 64, "b" * 64


def test_peaks_are_packed_with_a_head_and_one_scale() -> None:
    loud = np.array([[1000] * 10, [500] * 10], np.int16)
    content = packed(loud, 2)
    channels, count, step = struct.unpack("<IIf", content[:12])
    assert (channels, count, round(step, 3)) == (2, 5, 0.04)
    agent, customer = content[12:17], content[17:22]
    assert set(agent) == {255}
    assert 0 < customer[0] < 255
    assert packed(np.zeros((2, 0), np.int16), 1) == struct.pack("<IIf", 1, 0, 0.04)


def test_a_recording_browsers_cannot_play_is_kept_once_more(tmp_path: Path) -> None:
    read = []

    def opened(path: Path, agent: str) -> Source:
        read.append(agent)
        return Recording(bundled.CALLS / "bad_line.opus", agent="right" if agent == "right" else "left")

    files = SoundFiles(tmp_path / "kept", opened)
    first = files.made(tmp_path / "call.amr", GONE, "left")
    assert Recording(first.sound).duration == pytest.approx(
        Recording(bundled.CALLS / "bad_line.opus").duration, abs=0.2
    )
    assert files.made(tmp_path / "call.amr", GONE, "left") == first
    assert read == ["left"]
    assert files.made(tmp_path / "call.opus", KEPT, "left").sound == tmp_path / "call.opus"


def test_a_recording_that_breaks_leaves_nothing_half_made(tmp_path: Path) -> None:
    def opened(path: Path, agent: str) -> Source:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        SoundFiles(tmp_path / "kept", opened).made(tmp_path / "call.wav", "abc", "left")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_journal_has_no_recording(tmp_path: Path) -> None:
    (tmp_path / "call.jsonl").write_text("{}")
    (tmp_path / "call.wav").write_bytes(b"")
    roots, nothing = Roots([tmp_path]), sha256(b"").hexdigest()
    assert roots.find(str(tmp_path / "call.jsonl"), sha256(b"{}").hexdigest()).path is None
    assert roots.find("", nothing).path is None
    assert roots.find(str(tmp_path / "call.wav"), nothing).path == tmp_path / "call.wav"
    assert Roots([]).find(str(tmp_path / "call.wav"), nothing).path is None


def test_another_recording_in_its_place_is_no_longer_the_calls(tmp_path: Path) -> None:
    path = tmp_path / "13812345678.wav"
    path.write_bytes(b"one call")
    roots, hashed = Roots([tmp_path]), sha256(b"one call").hexdigest()
    assert roots.find(str(path), hashed).path == path
    path.write_bytes(b"another call")
    found = roots.find(str(path), hashed)
    assert found.path is None
    assert found.why is not None
    assert "changed" in found.why.en
    assert "13812345678" not in found.why.en + found.why.zh
    path.write_bytes(b"one call")
    assert roots.find(str(path), hashed).path == path
