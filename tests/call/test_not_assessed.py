"""What cannot be judged is said to be so, with the reason, and never counted against anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.call.reasons import REASONS
from callflow.call.rule_index import missing_source
from callflow.call.score import score
from callflow.design.rehearse import script
from callflow.events import CallContext, CallHeld, Event, Finding, Gap, GroupScore, Heard, Score, Speaker
from callflow.flow.model import Flow

Played = Callable[..., list[Event]]
Read = Callable[[str], Flow]

SOUND = CallContext(at=0.0, telephony="sound")
NONE = CallContext(at=0.0, telephony="none")
MONO = CallContext(at=0.0, separate=False)
HELD = "{after: call.held, expect: agent sorry, within: 5s}"
RINGS = "{after: call.ringing, expect: call.answered, within: 3 rings, once: true}"


@pytest.mark.parametrize(
    ("context", "rule", "call", "reason"),
    [
        (SOUND, HELD, "[agent: 对不起。]", "no-call-events"),
        (NONE, HELD, "[agent: 对不起。]", "no-call-events"),
        (NONE, RINGS, "[agent: 对不起。]", "no-call-events"),
        (SOUND, RINGS, "[call.answered, agent: 对不起。]", "no-ring-heard"),
        (SOUND, "{never: call.hung_up agent}", "[call.hung_up]", "no-call-events"),
        (None, "{never: call.hung_up agent}", "[call.hung_up]", "hang-up-unknown"),
        (None, "{never: acoustic.overlap agent}", "[agent: 对不起。]", "no-sound"),
        (None, "{never: acoustic.overlap agent}", "[acoustic.overlap customer]", "no-speech"),
        (MONO, "{expect: agent sorry}", "[agent: 对不起。]", "one-channel"),
        (MONO, HELD, "[call.held, agent: 对不起。]", "one-channel"),
        (None, HELD, "[call.held, wait: 1s, call.hung_up customer]", "call-ended"),
    ],
)
def test_why_a_rule_is_not_assessed(
    played: Played, context: CallContext | None, rule: str, call: str, reason: str
) -> None:
    outputs = played(f"rules: {{it: {rule}}}", call, context)
    found = [output for output in outputs if isinstance(output, Finding) and output.rule == "it"]
    assert [(finding.verdict, finding.reason) for finding in found] == [("not_assessed", reason)]
    assert reason in REASONS
    last = outputs[-1]
    assert isinstance(last, Score)
    assert last.not_assessed == ("it",)
    assert last.total is None


@pytest.mark.parametrize(
    ("context", "rule", "call", "verdict"),
    [
        (SOUND, RINGS, "[call.ringing, call.answered]", "met"),
        (SOUND, "{expect: agent sorry}", "[agent: 对不起。]", "met"),
        (NONE, "{expect: agent sorry}", "[agent: 您好。]", "missed"),
        (MONO, "{after: call.ringing, expect: call.answered, within: 3 rings}", "[call.ringing, call.answered]", "met"),
        (None, "{never: acoustic.overlap agent}", "[agent: 对不起。, acoustic.overlap customer]", "met"),
    ],
)
def test_what_can_be_judged_is(played: Played, context: CallContext | None, rule: str, call: str, verdict: str) -> None:
    outputs = played(f"rules: {{it: {rule}}}", call, context)
    assert [output.verdict for output in outputs if isinstance(output, Finding)] == [verdict]


def test_what_nobody_can_judge_is_told_once_and_counts_for_nothing(played: Played) -> None:
    rules = "groups: {g: {weight: 9}}\nrules: {tone: {not_assessed: {zh: 听不出来, en: cannot be heard}, group: g}}"
    outputs = played(rules, "[call.answered, agent: 您好。, call.held, call.resumed, customer: 可以的。]")
    found = [output for output in outputs if isinstance(output, Finding)]
    assert [(finding.rule, finding.verdict, finding.reason) for finding in found] == [
        ("tone", "not_assessed", "by-nature")
    ]
    assert found[0].reason in REASONS
    last = outputs[-1]
    assert isinstance(last, Score)
    assert (last.groups, last.not_assessed) == ({}, ("tone",))


def test_on_one_channel_nobody_is_judged_by_what_came_up(played: Played) -> None:
    sections = """
situations: {refused: {begins: customer no}}
rules: {it: {after: situation refused, expect: agent sorry, within: 5s}}
"""
    found = [o for o in played(sections, "[customer: 我不同意。, wait: 30s]", MONO) if isinstance(o, Finding)]
    assert [(finding.verdict, finding.reason) for finding in found] == [("not_assessed", "one-channel")]


def test_on_one_channel_a_forbidden_line_is_told_but_nobody_is_blamed(played: Played) -> None:
    outputs = played("", "[agent: 你问我我问谁。]", MONO)
    finding = next(output for output in outputs if isinstance(output, Finding))
    assert (finding.verdict, finding.reason) == ("not_assessed", "one-channel")
    assert finding.evidence[0].speaker is None


def test_points(inbound_flow: Flow) -> None:
    def finding(rule: str, verdict: str, severity: str, group: str) -> Finding:
        return Finding(at=1.0, rule=rule, verdict=verdict, severity=severity, group=group)  # type: ignore[arg-type]

    none = score(inbound_flow, [], 9.0, heard=True)
    assert none.groups == {"wording": GroupScore(25.0, 25.0)}, "nothing forbidden was said; nothing else is known"
    assert none.total == 100.0

    mixed = score(
        inbound_flow,
        [
            finding("greet-first", "met", "major", "greeting"),
            finding("bad-line-handled", "missed", "minor", "greeting"),
            finding("never-interrupt", "not_assessed", "major", "manner"),
            finding("unknown", "violated", "fatal", "no such group"),
        ],
        9.0,
        heard=True,
    )
    assert score(inbound_flow, [], 9.0, heard=False).total is None, "silence earns nothing"
    assert mixed.groups["greeting"] == GroupScore(points=15 * 3 / 4, of=15.0, met=1, missed=1)
    assert "manner" not in mixed.groups
    assert mixed.not_assessed == ("never-interrupt",)
    assert mixed.total == pytest.approx(100 * (11.25 + 25) / 40)

    worse = score(inbound_flow, [finding("dont-know", "violated", "severe", "wording")], 9.0, heard=True)
    assert worse.groups["wording"].points == pytest.approx(12.5)


SEEN = CallContext(at=0.0)
BLIND_THEN_SEEN = [
    # what is known first, the rule, what happens before and after everything can be seen, what comes of it
    (SOUND, HELD, "[agent: 您好。]", "[call.held, wait: 6s]", ["missed"]),
    (NONE, RINGS, "[agent: 您好。]", "[call.ringing, call.answered]", ["met"]),
    (MONO, "{expect: agent sorry}", "[agent: 您好。]", "[agent: 对不起。]", ["met"]),
    (MONO, "{expect: agent sorry}", "[agent: 您好。]", "[agent: 您好。]", ["missed"]),
    (MONO, "{expect: agent sorry, in: hold}", "[agent: 您好。]", "[call.held, agent: 对不起。]", ["met"]),
    (NONE, "{never: call.hung_up agent}", "[agent: 您好。]", "[call.hung_up agent]", ["violated"]),
    (NONE, "{never: call.held}", "[call.held, call.resumed, wait: 5s]", "[agent: 您好。]", ["met"]),
]


@pytest.mark.parametrize(("context", "rule", "before", "after", "verdicts"), BLIND_THEN_SEEN)
def test_what_can_be_seen_after_all_is_judged(
    read: Read, context: CallContext, rule: str, before: str, after: str, verdicts: list[str]
) -> None:
    found = two_contexts(read, rule, (context, before), (SEEN, after))
    assert [finding.verdict for finding in found] == verdicts


def test_what_can_no_longer_be_seen_is_not_judged(read: Read) -> None:
    (finding,) = two_contexts(read, HELD, (SEEN, "[agent: 您好。]"), (SOUND, "[call.held, wait: 6s]"))
    assert (finding.verdict, finding.reason) == ("not_assessed", "no-call-events")


def two_contexts(read: Read, rule: str, *parts: tuple[CallContext, str]) -> list[Finding]:
    """The findings of a call in which what is known changes on the way."""
    guide, now, outputs = Guide(Plan.of(read(f"rules: {{it: {rule}}}"))), 0.0, list[Event]()
    for context, steps in parts:
        outputs += guide.feed(replace(context, at=now))
        call = read(f"rehearsals: [{{name: call, call: {steps}}}]").rehearsals[0]
        for event in script(call.steps):
            if isinstance(event, Event):
                outputs += guide.feed(later(event, now))
        now = guide.now
    return [output for output in (*outputs, *guide.close()) if isinstance(output, Finding)]


def later(event: Event, by: float) -> Event:
    times = {name: getattr(event, name) + by for name in ("at", "start", "end") if hasattr(event, name)}
    return replace(event, **times)


def test_what_nobody_listened_to_is_held_against_nobody(read: Read) -> None:
    rules = "rules: {sorry: {after: call.held, expect: agent sorry, within: 5s}, never: {never: agent sorry}}"
    cases: dict[Speaker | None, set[str]] = {
        "agent": {"not_assessed"},
        "customer": {"missed", "met"},
        None: {"not_assessed"},
    }
    for speaker, verdicts in cases.items():
        guide = Guide(Plan.of(read(rules)))
        outputs = guide.feed(CallHeld(at=10.0)) + guide.feed(Gap(at=14.0, start=11.0, end=14.0, speaker=speaker))
        outputs += guide.feed(Heard(at=40.0, speaker="agent", text="好的。", start=39.0, end=40.0)) + guide.close()
        found = {output.rule: output for output in outputs if isinstance(output, Finding)}
        assert {finding.verdict for finding in found.values()} == verdicts
        assert all(finding.reason == "gap" for finding in found.values() if finding.verdict == "not_assessed")


def test_what_a_sender_cannot_tell_does_not_hang_on_who_asked_before(inbound: Plan) -> None:
    contexts = [
        replace(context, separate=separate, told_apart=told_apart)
        for context in (SOUND, NONE, CallContext(at=0.0), CallContext(at=0.0, day="workday"))
        for separate, told_apart in ((True, 0.0), (False, 0.0), (False, 0.9))
    ]
    for context in contexts * 2:
        reasons = {name: missing_source(keys, context) for name, keys in inbound.index.hangs_on.items()}
        assert dict(inbound.index.missing(context)) == {name: reason for name, reason in reasons.items() if reason}
