"""The report as a file: whole or not at all, nothing from outside, every text a text."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from limits import disk_full_after

from callflow import events as ev
from callflow.audio.recording import Recording
from callflow.errors import OutputError
from callflow.flow.model import Flow
from callflow.review.report import write_report
from callflow.review.story import Story


@pytest.fixture
def story(events: list[ev.Event], flow: Flow) -> Story:
    return Story.of(events, flow)


def write(path: Path, story: Story, recording: Path | None = None, language: str = "zh") -> str:
    if recording is None:
        write_report(path, story, sound=None, title="call.wav", language=language)
    else:
        with Recording(recording) as sound:
            write_report(path, story, sound=sound, title="call.wav", language=language)
    return path.read_text(encoding="utf-8")


def test_the_same_call_gives_the_same_bytes(story: Story, recording: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.html", story, recording)
    write(tmp_path / "b.html", story, recording)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_nothing_comes_from_outside_and_only_our_own_code_may_run(
    story: Story, recording: Path, tmp_path: Path
) -> None:
    page = write(tmp_path / "a.html", story, recording)
    assert not re.search(r"""(?:src|href)=(?!["'](?:#|data:))""", page)
    assert "@import" not in page
    assert not re.search(r"\s(?:on\w+|style)=", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none';")
    assert "unsafe" not in policy[1]
    for tag in ("style", "script"):
        source = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[-1]
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]


def test_the_sound_in_the_page_is_the_call_with_the_agent_on_the_left(
    story: Story, recording: Path, tmp_path: Path
) -> None:
    page = write(tmp_path / "a.html", story, recording)
    found = re.search(r'id="opus">([^<]+)<', page)
    assert found
    inside = tmp_path / "inside.webm"
    inside.write_bytes(base64.b64decode(found[1], validate=True))
    with Recording(inside) as sound:
        assert sound.separate
        blocks = list(sound)
    agent, customer = (np.concatenate([getattr(block, who) for block in blocks]) for who in ("agent", "customer"))
    assert len(agent) / 16_000 == pytest.approx(126.6, abs=0.1)
    for said in story.utterances[:7]:
        part = slice(int((said.start + 0.2) * 16_000), int((said.end - 0.2) * 16_000))
        levels = {"agent": agent[part].astype(float).std(), "customer": customer[part].astype(float).std()}
        assert max(levels, key=levels.__getitem__) == said.speaker


def test_without_a_recording_there_is_neither_waveform_nor_player(story: Story, tmp_path: Path) -> None:
    page = write(tmp_path / "a.html", story)
    assert 'class="wave' not in page
    assert "<audio" not in page
    assert 'class="band"' in page
    assert "这个不归我管" in page


@pytest.mark.parametrize(("language", "first"), [("zh", "禁语：不归我管"), ("en", "Never “not my job”")])
def test_it_opens_in_the_language_asked_for_and_carries_the_other(
    story: Story, tmp_path: Path, language: str, first: str
) -> None:
    page = write(tmp_path / "a.html", story, language=language)
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page
    assert f">{first}<" in page
    assert "禁语：不归我管" in page
    assert "Never “not my job”" in page


def test_no_text_of_a_call_becomes_markup(events: list[ev.Event], flow: Flow, tmp_path: Path) -> None:
    evil = "<!--sound--></script><img src=x onerror=alert(1)>\"'{{ 7*7 }}&amp;"
    told = [replace(event, text=evil) if isinstance(event, ev.Heard | ev.Prompt) else event for event in events]
    told += [
        ev.FieldValue(at=1, name=evil, value=evil, stage="heard"),
        ev.Finding(
            at=1, rule=evil, verdict="violated", severity="fatal", refs=(evil,), reason=evil,
            evidence=(ev.Evidence(1, 2, "agent", evil),),
        ),
        ev.State(at=126, from_="closing", to=evil),
        ev.TransferStarted(at=126, to=evil),
        ev.CallContext(at=0, engine=evil, date=evil),
    ]  # fmt: skip
    path = tmp_path / "a.html"
    write_report(path, Story.of(told, flow), sound=None, title=evil, language="en")
    page = path.read_text(encoding="utf-8")
    assert "<img" not in page
    assert page.count("</script>") == 1
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", page)[0]


def test_a_missing_directory_is_said_in_one_sentence(story: Story, tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write(tmp_path / "nowhere" / "a.html", story)
    assert str(tmp_path / "nowhere" / "a.html") in caught.value.message.zh


@pytest.mark.parametrize("room", [4_000, 60_000, 500_000])
def test_a_full_disk_leaves_what_was_there(story: Story, recording: Path, tmp_path: Path, room: int) -> None:
    path = tmp_path / "a.html"
    path.write_text("the report of yesterday")
    with disk_full_after(room), pytest.raises(OutputError):
        write(path, story, recording)
    assert path.read_text() == "the report of yesterday"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_what_was_there(story: Story, tmp_path: Path) -> None:
    class Interrupted:
        separate = True

        def __iter__(self) -> Iterator[object]:
            raise KeyboardInterrupt

    path = tmp_path / "a.html"
    with pytest.raises(KeyboardInterrupt):
        write_report(path, story, sound=Interrupted(), title="call.wav")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_call_of_which_nothing_is_known_has_a_report(flow: Flow, tmp_path: Path) -> None:
    assert "没有说话，或没有听清" in write(tmp_path / "a.html", Story.of([], flow))


def test_each_cause_of_dissatisfaction_links_to_its_faults(story: Story, tmp_path: Path) -> None:
    page = write(tmp_path / "a.html", story)
    table = re.search(r'<table class="groups causes">(.*?)</table>', page, re.DOTALL)
    assert table
    rows = [re.findall(r"finding-([0-9]+)", row) for row in table[1].split("</tr>")[:-1]]
    linked = [[story.findings[int(number)].rule for number in row] for row in rows]
    assert linked == [["never-not-my-job", "no-interruption"], ["consent-before-hold", "apologise-after-hold"]]
    assert [table[1].index(words) for words in ("服务态度", "35 %", "等待时间", "27 %")] == sorted(
        table[1].index(words) for words in ("服务态度", "35 %", "等待时间", "27 %")
    )


def test_what_came_up_stands_in_the_transcript_once(story: Story, tmp_path: Path) -> None:
    assert write(tmp_path / "a.html", story).count(">客户抱怨<") == 1


def test_a_promise_is_listed_with_its_time_and_its_words_are_only_words(
    events: list[ev.Event], flow: Flow, tmp_path: Path
) -> None:
    promise = ev.Promise(at=31, phrase="reply", start=28, end=30, said="<b>给您回复", when="两个小时内", due=7200)
    page = write(tmp_path / "a.html", Story.of([ev.CallContext(at=0), *events[1:], promise], flow))
    part = page[page.index('class="promises"') :]
    assert "两个小时内" in part
    assert "2 小时内" in part
    assert "&lt;b&gt;给您回复" in part
    assert 'data-at="28"' in part
    assert 'class="promises"' not in write(tmp_path / "b.html", Story.of(events, flow))
