"""The prompts on the screen: once for all who ask, not too often, ticked by hand or by voice."""

from __future__ import annotations

from collections.abc import Callable

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.call.prompts import PromptBoard
from callflow.events import AgentAction, CallAnswered, CallRinging, Event, Heard, Prompt
from callflow.flow.model import PromptSpec
from callflow.problems import Location

Played = Callable[..., list[Event]]
AT = Location("test.yaml")
SORRY = PromptSpec("say", "对不起", AT, phrase="sorry")


def board() -> tuple[PromptBoard, list[Event]]:
    out: list[Event] = []
    return PromptBoard(out, {"联系人": "王建国"}.get), out  # type: ignore[arg-type]


def told(out: list[Event]) -> list[tuple[str, str]]:
    return [(output.id, output.status) for output in out if isinstance(output, Prompt)]


def test_the_same_words_are_on_the_screen_once() -> None:
    prompts, out = board()
    prompts.show(1.0, "one", SORRY)
    prompts.show(2.0, "two", SORRY)
    prompts.withdraw(3.0, "one")
    assert told(out) == [("one", "shown")], "the other still needs it"
    prompts.withdraw(4.0, "two")
    assert told(out) == [("one", "shown"), ("one", "withdrawn")]


def test_done_for_one_is_done_for_all() -> None:
    prompts, out = board()
    prompts.show(1.0, "one", SORRY)
    prompts.show(2.0, "two", SORRY)
    prompts.done(3.0, "two")
    prompts.done(4.0, "one")
    assert told(out) == [("one", "shown"), ("one", "done")]


def test_a_nearer_deadline_is_told() -> None:
    prompts, out = board()
    prompts.show(1.0, "one", SORRY)
    prompts.show(2.0, "two", SORRY, due=6.0)
    prompts.show(3.0, "three", SORRY, due=9.0)
    shown = [output for output in out if isinstance(output, Prompt)]
    assert [(prompt.id, prompt.due) for prompt in shown] == [("one", None), ("one", 6.0)]
    assert shown[1].priority > shown[0].priority


def test_saying_it_ticks_it() -> None:
    prompts, out = board()
    prompts.show(1.0, "one", SORRY)
    prompts.said(2.0, "hello")
    prompts.said(3.0, "sorry")
    assert told(out) == [("one", "shown"), ("one", "done")]


def test_cooldown_and_most() -> None:
    prompts, out = board()
    spec = PromptSpec("tip", "多听少说", AT, cooldown=30.0, most=2)
    for at in (0.0, 10.0, 29.9, 30.0, 60.0, 300.0):
        prompts.show(at, f"at {at}", spec)
        prompts.withdraw(at, f"at {at}")
    assert [name for name, status in told(out) if status == "shown"] == ["at 0.0", "at 30.0"]


def test_the_words_are_filled_with_what_is_known() -> None:
    prompts, out = board()
    prompts.show(1.0, "one", PromptSpec("ask", "联系人〈联系人〉，电话〈电话〉，对吗？", AT))
    assert isinstance(out[0], Prompt)
    assert out[0].text == "联系人王建国，电话……，对吗？"


def test_a_deadline_shows_in_due_and_expires_on_time(inbound: Plan) -> None:
    guide = Guide(inbound)
    outputs = [
        output for at in (0.0, 5.0, 10.0, 15.0) for output in guide.feed(CallRinging(at=at, ring=int(at / 5) + 1))
    ]
    outputs += guide.feed(CallAnswered(at=16.0))
    greet = next(o for o in outputs if isinstance(o, Prompt) and o.id.startswith("greet-first"))
    assert greet.due == 24.0
    end = [o for o in guide.feed(CallRinging(at=30.0)) if isinstance(o, Prompt) and o.id == greet.id]
    assert [(o.status, o.at) for o in end] == [("expired", 24.0)]


def test_ticked_and_dismissed_by_hand(inbound: Plan) -> None:
    for action, status in (("tick", "done"), ("dismiss", "withdrawn")):
        guide = Guide(inbound)
        shown = next(o for o in guide.feed(CallAnswered(at=0.0)) if isinstance(o, Prompt))
        ended = guide.feed(AgentAction(at=1.0, action=action, target=shown.id))  # type: ignore[arg-type]
        assert told(ended) == [(shown.id, status)]
        assert guide.feed(AgentAction(at=2.0, action=action, target=shown.id)) == []  # type: ignore[arg-type]


def test_a_warning_expires_or_is_dismissed(played: Played, inbound: Plan) -> None:
    outputs = [o for o in played("", "[agent: 你问我我问谁。, wait: 20s]") if isinstance(o, Prompt)]
    assert [(o.kind, o.status) for o in outputs] == [("warn", "shown"), ("warn", "expired")]
    assert outputs[0].text == "我帮您查"
    assert outputs[0].said == "你问我我问谁"
    assert outputs[1].at == outputs[0].at + 6.0


def partial(text: str, at: float, final: bool = False) -> Heard:
    return Heard(at=at, speaker="agent", text=text, start=1.0, end=at, utterance="a1", final=final)


def test_two_partials_tick_a_prompt_early_and_the_final_decides(inbound: Plan) -> None:
    def statuses(outputs: list[Event]) -> list[tuple[str, str]]:
        return [(o.status, o.stage) for o in outputs if isinstance(o, Prompt) and o.id.startswith("greet-first")]

    guide = Guide(inbound)
    guide.feed(CallAnswered(at=0.0))
    assert statuses(guide.feed(partial("您好，国资商城物流事业部，很", 2.0))) == []
    assert statuses(guide.feed(partial("您好，国资商城物流事业部，很高兴", 2.2))) == [("done", "provisional")]
    assert statuses(guide.feed(partial("您好，国资商城物流事业部，很高兴为您服务", 3.0, final=True))) == [
        ("done", "confirmed")
    ]

    guide = Guide(inbound)
    guide.feed(CallAnswered(at=0.0))
    guide.feed(partial("您好，国资商城物流事业部，很", 2.0))
    guide.feed(partial("您好，国资商城物流事业部，很高兴", 2.2))
    assert statuses(guide.feed(partial("今天天气不错", 3.0, final=True))) == [("shown", "provisional")]
