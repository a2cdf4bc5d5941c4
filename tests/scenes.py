"""Moments of the bundled calls, as the agent would see them: for the browser tests and for looking at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bundled import events

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.call.screen import Desk, LastCall, Notice, Screen
from callflow.events import Event, Heard, Tick
from callflow.texts import Text

DESK = Desk(
    listening=Text("zipformer · USB headset, its monitor", "zipformer · USB 耳机及其回放"),
    levels={"agent": -28.0, "customer": -41.0},
    last=LastCall(222.4, 86.0, met=21, missed=2, violated=1),
)
TROUBLE = replace(
    DESK,
    levels={"agent": -28.0},
    notices=(
        Notice(
            "far-dead",
            Text(
                "No sound from the customer's side for 5 s. Is the headset plugged in?",
                "5 秒没有客户一侧的声音，耳机插好了吗？",
            ),
            Text("Try again", "再试一次"),
        ),
    ),
    recording=False,
)
SCENES: dict[str, tuple[str, float, Desk]] = {
    "ready": ("", 0.0, DESK),
    "ready-trouble": ("", 0.0, TROUBLE),
    "ringing": ("faulty", 8.0, DESK),
    "greeting": ("exemplary", 9.5, DESK),
    "warning": ("faulty", 30.5, DESK),
    "listening": ("exemplary", 30.0, DESK),
    "read-back": ("exemplary", 35.0, DESK),
    "order": ("order_wrong_readback", 45.9, DESK),
    "differs": ("order_wrong_readback", 71.5, DESK),
    "hold-request": ("exemplary", 51.0, DESK),
    "hold": ("faulty", 45.0, DESK),
    "back-from-hold": ("faulty", 49.0, DESK),
    "complaint": ("complaint_handled", 19.0, DESK),
    "complaint-faulty": ("faulty", 78.5, DESK),
    "transfer": ("transferred", 60.0, DESK),
    "trouble": ("transferred", 64.0, TROUBLE),
    "closing": ("order_wrong_readback", 98.5, DESK),
    "over": ("order_wrong_readback", 999.0, DESK),
}


def timeline(name: str, plan: Plan, until: float) -> list[Event]:
    """Inputs and outputs of a bundled call up to ``until``; past its end, its score as well."""
    guide, all_ = Guide(plan), []
    for event in [*_heard_live(events(name)), Tick(at=until)]:
        if event.at <= until:
            all_ += [event, *guide.feed(event)]
    return all_ if until < 900 else [*all_, *guide.close()]


def _heard_live(all_: list[Event]) -> list[Event]:
    """The same with a partial half-way through every utterance, as a streaming recogniser gives it."""
    partials = [
        replace(event, at=(event.start + event.end) / 2, final=False, text=event.text[: len(event.text) // 2 + 1])
        for event in all_
        if isinstance(event, Heard)
    ]
    return sorted([*all_, *partials], key=lambda event: event.at)


def scene(name: str, plan: Plan) -> dict[str, Any]:
    """The screen of one of ``SCENES``."""
    call, at, desk = SCENES[name]
    screen = Screen(plan.flow)
    for event in timeline(call, plan, at) if call else []:
        screen.follow(event)
    return screen.view(at, desk)
