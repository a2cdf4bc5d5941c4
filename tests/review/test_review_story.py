"""A list of events becomes the call that people look at."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from callflow import events as ev
from callflow.flow.model import Flow
from callflow.review.layout import LONG_SILENCE, axis, marks, transcript
from callflow.review.story import Story
from callflow.review.words import clock, length


@pytest.fixture
def story(events: list[ev.Event], flow: Flow) -> Story:
    return Story.of(events, flow)


def said(story: Story, kind: str) -> list[str]:
    return [piece.text for utterance in story.utterances for piece in utterance.pieces if piece.kind == kind]


def test_matched_words_are_marked_where_they_stand_and_nothing_is_lost(story: Story, events: list[ev.Event]) -> None:
    assert said(story, "never") == ["这个不归我管"]
    assert said(story, "cue") == ["你们怎么搞的"]
    assert [utterance.text for utterance in story.utterances] == [
        event.text for event in events if isinstance(event, ev.Heard)
    ]


def test_pinyin_stays_pinyin_and_the_wording_beside_it_is_the_one_that_was_said(
    events: list[ev.Event], flow: Flow, by_sound: Callable[[ev.Event], ev.Event]
) -> None:
    story = Story.of([by_sound(event) for event in events], flow)
    never = [piece for utterance in story.utterances for piece in utterance.pieces if piece.kind == "never"]
    assert [(piece.text, piece.gloss) for piece in never] == [("zhè ge bù guī wǒ guǎn", "这个不归我管")]
    unmatched = story.utterances[1]
    assert unmatched.sounds
    assert unmatched.text == "nǐ hǎo wǒ de huò dào xiàn zài hái méi dào zěn me huí shì a"
    finding = next(item for item in story.findings if item.rule == "never-not-my-job")
    assert finding.gloss == "这个不归我管"


@pytest.mark.parametrize(
    ("start", "expected"), [(0.0, ["不知道", "，我说了不知道"]), (9.0, ["不知道，我说了", "不知道"])]
)
def test_of_two_equal_hits_the_time_tells_which_is_meant(flow: Flow, start: float, expected: list[str]) -> None:
    words = ev.Heard(at=10, speaker="agent", text="不知道，我说了不知道", start=0, end=10, utterance="u")
    hit = ev.Match(
        at=10, phrase="not-my-job", speaker="agent", utterance="u", start=start, end=start + 1, said="不知道", score=1,
        stage="confirmed",
    )  # fmt: skip
    assert [piece.text for piece in Story.of([words, hit], flow).utterances[0].pieces] == expected


def test_words_that_do_not_stand_in_the_text_are_found_by_their_time(flow: Flow) -> None:
    words = ev.Heard(at=4, speaker="agent", text="一二三四五六七八", start=0, end=8, utterance="u")
    hit = ev.Match(
        at=4, phrase="greeting", speaker="agent", utterance="u", start=2, end=4, said="叁肆", score=1, stage="confirmed"
    )
    assert [p.text for p in Story.of([words, hit], flow).utterances[0].pieces if p.kind] == ["三四"]


def test_where_hits_lie_on_each_other_the_forbidden_one_shows(flow: Flow) -> None:
    words = ev.Heard(at=4, speaker="agent", text="这个不归我管", start=0, end=2, utterance="u")
    hits = [
        ev.Match(
            at=4, phrase=phrase, speaker="agent", utterance="u", start=0, end=2, said=part, score=1, stage="confirmed"
        )
        for phrase, part in (("greeting", "这个不归我管"), ("not-my-job", "不归我管"))
    ]
    pieces = Story.of([words, *hits], flow).utterances[0].pieces
    assert [(piece.text, piece.kind) for piece in pieces] == [("这个", ""), ("不归我管", "never")]


@pytest.mark.parametrize("stage", ["provisional", "withdrawn"])
def test_only_confirmed_matches_are_shown(flow: Flow, stage: str) -> None:
    words = ev.Heard(at=4, speaker="agent", text="这个不归我管", start=0, end=2, utterance="u")
    hit = ev.Match(
        at=4, phrase="not-my-job", speaker="agent", utterance="u", start=0, end=2, said="不归我管", score=1,
        stage=stage,  # type: ignore[arg-type]
    )  # fmt: skip
    assert Story.of([words, hit], flow).utterances[0].pieces[0].kind == ""


def test_findings_are_sorted_by_severity_then_time(story: Story) -> None:
    assert [(item.severity, item.rule) for item in story.faults] == [
        ("fatal", "customer-hangs-up"),
        ("severe", "read-back"),
        ("severe", "never-not-my-job"),
        ("major", "consent-before-hold"),
        ("major", "apologise-after-hold"),
        ("minor", "no-interruption"),
    ]
    assert [item.rule for item in story.judged("not_assessed")] == ["pass-on"]


def test_states_cover_the_call_without_gaps(story: Story) -> None:
    ends = [band.end for band in story.bands]
    assert [band.start for band in story.bands] == [0.0, *ends[:-1]]
    assert ends[-1] == story.duration
    assert [band.title.zh for band in story.bands][:3] == ["振铃", "问候", "物流查询"]


def test_stretches_of_the_call_have_both_ends(story: Story) -> None:
    assert [(span.kind, span.start, span.end) for span in story.spans] == [
        ("ring", 0.5, 8.1),
        ("hold", 38.0, 71.0),
        ("overlap", 79.0, 79.6),
        ("transfer", 96.5, 104.0),
    ]


def test_a_hold_that_nobody_ends_lasts_until_the_call_does(flow: Flow) -> None:
    story = Story.of([ev.CallHeld(at=3), ev.CallHungUp(at=9, by="customer")], flow)
    assert [(span.kind, span.start, span.end) for span in story.spans] == [("hold", 3, 9)]


def test_a_warning_that_a_partial_raised_and_the_final_took_back_leaves_no_trace(flow: Flow) -> None:
    raised = ev.Prompt(at=1, id="p", kind="warn", text="x", status="shown", stage="provisional")
    assert Story.of([raised, replace(raised, at=2, status="withdrawn")], flow).prompts == ()
    confirmed = replace(raised, at=2, stage="confirmed")
    assert [shown.start for shown in Story.of([raised, confirmed], flow).prompts] == [1]


def test_a_field_remembers_how_it_came_about(story: Story) -> None:
    number = story.fields[0]
    assert (number.name, number.value, number.stage) == ("单号", "2023081579", "corrected")
    assert [step.stage for step in number.steps] == ["heard", "differs", "corrected"]


def test_names_that_the_flow_does_not_know_are_shown_as_they_are(flow: Flow) -> None:
    events = [
        ev.State(at=0, from_="", to="elsewhere"),
        ev.Finding(at=1, rule="of-last-year", verdict="missed", severity="minor", group="gone"),
        ev.FieldValue(at=2, name="备注", value="x", stage="heard"),
        ev.Score(at=3, total=None, groups={"gone": ev.GroupScore(0, 0)}),
    ]
    story = Story.of(events, flow)
    assert (story.bands[0].title.en, story.findings[0].title.zh, story.groups[0].title.en) == (
        "elsewhere",
        "of-last-year",
        "gone",
    )


def test_nothing_at_all_is_a_story_too(flow: Flow) -> None:
    story = Story.of([], flow)
    assert (story.duration, story.total, story.faults) == (0.0, None, ())


def test_marks_never_lie_on_each_other(story: Story) -> None:
    placed = marks(story.findings, story.duration)
    assert {mark.finding.rule for mark in placed} == {f.rule for f in story.findings if f.verdict != "not_assessed"}
    for one in placed:
        for other in placed:
            assert one is other or one.row != other.row or abs((one.finding.at or 0) - (other.finding.at or 0)) > 1.5


def test_the_transcript_runs_with_time_and_names_the_faults_of_a_sentence(story: Story) -> None:
    entries = transcript(story)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    blamed = {story.findings[n].rule for entry in entries for n in entry.faults}
    assert blamed == {"read-back", "consent-before-hold", "apologise-after-hold", "never-not-my-job", "no-interruption"}
    assert [entry.note.en for entry in entries if entry.kind == "span"] == ["On hold · 33 s"]


def test_a_silence_during_a_hold_is_not_told_twice(flow: Flow) -> None:
    events = [
        ev.CallHeld(at=3),
        ev.Silence(at=20, start=4, end=19),
        ev.CallResumed(at=20),
        ev.Silence(at=40, start=30, end=30 + LONG_SILENCE),
        ev.Silence(at=50, start=41, end=42),
    ]
    notes = [entry.note.en for entry in transcript(Story.of(events, flow)) if entry.kind == "span"]
    assert notes == ["On hold · 17 s", "Silence · 4 s"]


@pytest.mark.parametrize(
    ("seconds", "labels"), [(0.001, 1), (7.0, 7), (126.6, 9), (3_600.0, 6), (40_000.0, 6), (999_000.0, 9)]
)
def test_the_axis_has_few_round_labels(seconds: float, labels: int) -> None:
    assert len(axis(seconds)) == labels


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3_723, "1:02:03")])
def test_times_read_like_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(33.2, "33 秒"), (60, "1 分"), (125, "2 分 5 秒")])
def test_lengths_read_like_lengths(seconds: float, shown: str) -> None:
    assert length(seconds).zh == shown


@pytest.mark.parametrize(
    ("when", "due", "date", "zh", "en"),
    [
        ("今天下班前", 12_600.0, "2026-11-24T14:29:30", "2026-11-24 18:00 前", "by 2026-11-24 18:00"),
        ("两个小时内", 7200.0, "2026-11-24", "2 小时内", "within 2 h"),
        ("三天之内", 259_200.0, "", "3 天内", "within 3 days"),
        ("一刻钟", 900.0, "", "15 分钟内", "within 15 min"),
        ("尽快", None, "2026-11-24T14:29:30", "没有确定的时间", "no fixed time"),
        ("明天上午", None, "", "以原话为准", "as said"),
        ("", None, "", "没有说明时间", "no time given"),
    ],
)
def test_a_promise_is_a_follow_up(when: str, due: float | None, date: str, zh: str, en: str, flow: Flow) -> None:
    promise = ev.Promise(at=31, phrase="reply", start=28, end=30, said="给您回复", when=when, due=due)
    (told,) = Story.of([ev.CallContext(at=0, date=date), promise], flow).promises
    assert (told.at, told.said, told.when) == (28, "给您回复", when)
    assert (told.by.zh, told.by.en) == (zh, en)


def test_of_two_contexts_the_later_knows_more(flow: Flow) -> None:
    """And so the follow-ups have their time wherever they are shown."""
    promise = ev.Promise(at=60.0, phrase="p", start=58.0, end=60.0, said="给您回复", when="两小时内", due=7200.0)
    story = Story.of([ev.CallContext(at=0.0), ev.CallContext(at=1.0, date="2026-10-10T09:30"), promise], flow)
    assert story.context.date == "2026-10-10T09:30"
    assert story.promises[0].by.en == "by 2026-10-10 11:31"


@pytest.mark.parametrize(
    ("total", "points", "made"),
    [
        (59.5, ((26.65, 40), (15, 30), (0, 0)), "41.6 of the 70 points that were assessed make 59.5 of 100"),
        (0.0, ((26.65, 40), (15, 30), (0, 0)), None),  # a fatal fault has taken all
        (80.0, ((40, 60), (40, 40)), None),
        (None, ((0, 0),), None),
    ],
)
def test_it_is_told_how_the_points_of_some_groups_make_the_score(
    flow: Flow, total: float | None, points: tuple[tuple[float, float], ...], made: str | None
) -> None:
    groups = {f"g{number}": ev.GroupScore(*pair) for number, pair in enumerate(points)}
    told = Story.of([ev.CallAnswered(at=0.0), ev.Score(at=9.0, total=total, groups=groups)], flow).points_made
    assert (told.en if told else None) == made
