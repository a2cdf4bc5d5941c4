"""Calls that were once judged wrongly, each for a reason that may come again."""

from __future__ import annotations

from collections.abc import Callable

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import (
    CallAnswered,
    CallContext,
    CallHeld,
    CallHungUp,
    CallResumed,
    CallRinging,
    Event,
    Finding,
    Heard,
    Prompt,
    Score,
    State,
    Tick,
    Voice,
)

Played = Callable[..., list[Event]]


def verdicts(outputs: list[Event], rule: str = "") -> list[tuple[str, str]]:
    return [(o.rule, o.verdict) for o in outputs if isinstance(o, Finding) and rule in ("", o.rule)]


def run(plan: Plan, *events: Event) -> list[Event]:
    guide = Guide(plan)
    return [output for event in events for output in guide.feed(event)] + guide.close()


def says(speaker: str, text: str, start: float, end: float, at: float = 0.0) -> Heard:
    return Heard(at=at or end + 0.3, speaker=speaker, text=text, start=start, end=end)  # type: ignore[arg-type]


def test_a_hold_does_not_end_what_it_interrupts(played: Played) -> None:
    rules = """
rules:
  ask: {in: talk, expect: agent sorry}
states:
  talk: {title: talk}
  hold: {detour: true, states: {waiting: {detour: true, on: {call.resumed: previous}}}}
flow: {title: t, start: talk, on: {call.held: hold.waiting}}
phrases: {sorry: {say: [对不起]}}
"""
    calm = "[call.answered, call.held, wait: 30s, call.resumed, agent: 对不起。, wait: 30s]"
    assert verdicts(played("\n" + rules, calm), "ask") == [("ask", "met")]


def test_the_other_leg_being_released_is_no_second_hang_up(inbound: Plan) -> None:
    outputs = run(
        inbound,
        CallAnswered(at=1.0),
        says("agent", "谢谢您的来电，再见！", 5.0, 7.0),
        CallHungUp(at=15.0, by="customer"),
        CallHungUp(at=15.1, by="agent"),
    )
    assert verdicts(outputs, "customer-hangs-up-first") == [("customer-hangs-up-first", "met")]
    assert verdicts(outputs, "thank-and-goodbye") == [("thank-and-goodbye", "met")]


def test_a_last_tick_changes_nothing(inbound: Plan) -> None:
    events = [CallAnswered(at=1.0), says("customer", "你们怎么搞的，我要投诉！", 3.0, 5.0, at=40.0)]
    assert run(inbound, *events) == run(inbound, *events, Tick(at=40.0))


def test_nothing_heard_earns_nothing(inbound: Plan) -> None:
    for context in (CallContext(at=0.0), CallContext(at=0.0, separate=False, telephony="none")):
        outputs = run(inbound, context, Tick(at=30.0))
        assert isinstance(outputs[-1], Score)
        assert "wording" not in outputs[-1].groups


def test_an_answer_may_come_while_the_customer_still_speaks(inbound: Plan) -> None:
    outputs = run(
        inbound,
        CallAnswered(at=1.0),
        says("agent", "非常抱歉，给您造成不便。", 13.0, 15.0),
        says("customer", "你们怎么搞的，我的货等了三天都没有到，电话也没有人接，我非常着急。", 9.0, 20.5),
    )
    assert verdicts(outputs, "apologise-to-complaint") == [("apologise-to-complaint", "met")]


def test_consent_comes_after_the_request_not_during_it(played: Played) -> None:
    rule = "rules: {consent: {before: call.held, expect: {then: [agent why, customer yes]}}}"
    late = "[agent: 我去核实一下。, customer: 可以的。, call.held]"
    assert verdicts(played(rule, late), "consent") == [("consent", "met")]


def test_first_means_at_the_beginning(played: Played) -> None:
    rule = "rules: {first: {after: call.resumed, expect: agent sorry, first: true, within: 9s}}"
    last = "[call.held, wait: 5s, call.resumed, agent: 您的货物已经查到了后天下午送到仓库，对不起。]"
    first = "[call.held, wait: 5s, call.resumed, agent: 王先生，对不起。您的货物已经查到了。]"
    assert verdicts(played(rule, last), "first") == [("first", "missed")]
    assert verdicts(played(rule, first), "first") == [("first", "met")]


def test_the_second_trigger_counts_though_the_first_is_not_settled(played: Played) -> None:
    rule = "rules: {answer: {after: customer no, expect: agent sorry, within: 5s}}"
    call = "[customer: 我不同意。, wait: 8s, customer: 我不同意。, agent: 对不起。, wait: 30s]"
    assert sorted(verdicts(played(rule, call), "answer")) == [("answer", "met"), ("answer", "missed")]


def test_words_on_hold_lead_nowhere(inbound: Plan) -> None:
    outputs = run(
        inbound,
        CallAnswered(at=1.0),
        CallHeld(at=10.0),
        says("agent", "您稍等一下，好吗？", 12.0, 14.0),
        CallResumed(at=20.0),
    )
    assert [o.to for o in outputs if isinstance(o, State)][-2:] == ["hold.waiting", "hold.back"]


def test_what_was_just_said_is_not_asked_for(inbound: Plan) -> None:
    outputs = run(inbound, CallAnswered(at=1.0), says("agent", "谢谢您的来电，再见！", 5.0, 7.0), Tick(at=30.0))
    assert not [o for o in outputs if isinstance(o, Prompt) and "谢谢您的来电" in o.text]


def test_a_voice_keeps_the_line_from_being_silent(inbound: Plan) -> None:
    silent = [CallRinging(at=0.0), CallAnswered(at=1.0), says("agent", "您好！请问您需要什么帮助？", 2.0, 5.0)]
    speaking = [Voice(at=at, start=at, end=at, speaker="customer") for at in (9.0, 12.0, 15.0, 18.0)]
    told = says("customer", "我想查一下我的货到哪里了", 9.0, 20.0)

    def states(*events: Event) -> list[str]:
        return [o.to for o in run(inbound, *events) if isinstance(o, State)]

    assert "no-voice" in states(*silent, Tick(at=20.0))
    assert "no-voice" not in states(*silent, *speaking, told)


def test_a_finding_has_its_own_cause_or_that_of_its_group(played: Played) -> None:
    sections = """
causes: {attitude: {share: 35}, waiting: {share: 27}}
groups: {wording: {cause: attitude}, plain: {}}
phrases:
  shout: {never: [你到底要干嘛], better: 您慢慢说, group: wording}
  later: {never: [你等着吧], better: 我马上查, group: wording, cause: waiting}
rules:
  greet: {expect: agent hello, group: plain}
  apologise: {after: customer no, expect: agent sorry, within: 3s, group: plain, cause: attitude}
"""
    outputs = played(sections, "[agent: 你到底要干嘛, agent: 你等着吧, customer: 我不同意, wait: 30s]")
    causes = {output.rule: output.cause for output in outputs if isinstance(output, Finding)}
    assert causes == {"shout": "attitude", "later": "waiting", "greet": "", "apologise": "attitude"}


def test_what_must_not_happen_warns_at_once(played: Played) -> None:
    rule = "rules: {cut: {never: acoustic.overlap agent, better: 请让客户说完}}"
    outputs = played(rule, "[customer: 我想说的是, {event: acoustic.overlap, by: agent, for: 1.3s}, wait: 9s]")
    assert [o.status for o in outputs if isinstance(o, Prompt) and o.text == "请让客户说完"] == ["shown", "expired"]


def test_each_happening_is_reported_once_however_late_it_is_known(played: Played) -> None:
    rule = "rules: {quiet: {never: {any: [agent hello, customer yes]}}}"
    outputs = played(rule, "[agent: 您好。, customer: 可以的。, agent: 您好。]")
    assert [verdict for _, verdict in verdicts(outputs, "quiet")] == ["violated"] * 3
