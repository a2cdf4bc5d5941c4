"""The agent's screen: case by case in ``screen.yaml``, and what holds whatever happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bundled import NAMES, events
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.call.screen import Desk, LastCall, Notice, Screen
from callflow.call.screen.prompts import BESIDE, CLEARLY, PromptPanel
from callflow.events import Event, Prompt, from_data, parse
from callflow.problems import Location
from callflow.texts import Text

CASES = YAML(typ="safe").load(Path(__file__).with_name("screen.yaml").read_text(encoding="utf-8"))


def event_of(step: dict[str, Any], at: float) -> Event:
    data = {"at": at, **step}
    if "prompt" in data:
        data = {"type": "prompt", "text": f"{data['prompt']} words", "status": "shown", **data, "id": data["prompt"]}
        del data["prompt"]
    event = from_data(data, Location("screen.yaml"))
    assert isinstance(event, Event), event
    return event


def look_up(view: Any, path: str) -> Any:
    """What lies at ``path`` (``beside.0.id``); ``None`` past the end of a list."""
    for part in path.split("."):
        view = dict(enumerate(view)).get(int(part)) if isinstance(view, list) else view[part]
    return view


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_screen_shows(case: dict[str, Any], inbound: Plan) -> None:
    screen, at = Screen(inbound.flow), 0.0
    for step in case["steps"]:
        if "shows" in step:
            view = screen.view(at)
            assert {path: look_up(view, path) for path in step["shows"]} == step["shows"]
        else:
            event = event_of(step, at + 1)
            at = event.at
            screen.follow(event)


def test_what_is_not_of_the_call_is_shown_as_it_is_given(inbound: Plan) -> None:
    desk = Desk(
        Text("zipformer, headset", "zipformer，耳机"),
        {"agent": -31.4},
        (Notice("dead", Text("No sound", "没有声音"), Text("Try again", "再试")), *[Notice("n", Text("", ""))] * 9),
        LastCall(222.0, None, missed=2),
        recording=False,
    )
    view = Screen(inbound.flow).view(0.0, desk)["desk"]
    assert view["listening"] == {"zh": "zipformer，耳机", "en": "zipformer, headset"}
    assert view["levels"] == {"agent": -31}
    assert view["notices"][0] == {
        "id": "dead",
        "text": {"zh": "没有声音", "en": "No sound"},
        "button": {"zh": "再试", "en": "Try again"},
    }
    assert len(view["notices"]) == 3
    assert view["last"] == {"length": 222.0, "total": None, "met": 0, "missed": 2, "violated": 0}
    assert view["recording"] is False


# ------------------------------------------------------------------------------------------------ whole calls


def screens(plan: Plan, all_: list[Event]) -> list[str]:
    screen = Screen(plan.flow)
    views = []
    for event in all_:
        screen.follow(event)
        views.append(json.dumps(screen.view(event.at), allow_nan=False))
    return views


def played(name: str, plan: Plan) -> list[Event]:
    guide, all_ = Guide(plan), []
    for event in events(name):
        all_ += [event, *guide.feed(event)]
    return [*all_, *guide.close()]


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_shows_the_same_screens_again(name: str, inbound: Plan) -> None:
    all_ = played(name, inbound)
    lines = [event.to_json() for event in all_]
    again = [parse(line, Location(name)) for line in lines]
    assert screens(inbound, [event for event in again if isinstance(event, Event)]) == screens(inbound, all_)


@pytest.mark.parametrize("name", NAMES)
def test_every_main_prompt_is_open_and_stands_nowhere_else(name: str, inbound: Plan) -> None:
    screen = Screen(inbound.flow)
    open_: dict[str, str] = {}
    for event in played(name, inbound):
        screen.follow(event)
        if isinstance(event, Prompt) and event.stage == "confirmed":
            open_.pop(event.id, None)
            if event.status == "shown":
                open_[event.id] = event.text
        view = screen.view(event.at)
        beside = [item["id"] for item in view["beside"] if item]
        if view["main"]:
            assert open_[view["main"]["id"]] == view["main"]["text"]
            assert view["main"]["id"] not in beside
        assert len(beside) == len(set(beside)) <= BESIDE
        assert set(beside) <= open_.keys()


# ------------------------------------------------------------------------------------------------ whatever comes

PRIORITIES = {"say": 50, "do": 60, "ask": 50, "remind": 30, "tip": 10, "warn": 90}
PROMPTS = st.builds(
    lambda id_, kind, status, due, stage: (id_, kind, status, due, stage),
    st.sampled_from("abcdefgh"),
    st.sampled_from(sorted(PRIORITIES)),
    st.sampled_from(["shown", "shown", "done", "withdrawn", "expired"]),
    st.sampled_from([None, None, 8.0, 100.0]),
    st.sampled_from(["confirmed", "confirmed", "provisional"]),
)


@given(drawn=st.lists(PROMPTS, max_size=60))
def test_what_is_read_moves_only_for_what_is_clearly_more_urgent(inbound: Plan, drawn: list[Any]) -> None:
    panel = PromptPanel(inbound.flow)
    kinds: dict[str, str] = {}
    before: dict[str, Any] | None = None
    for at, (id_, drawn_kind, status, due, stage) in enumerate(drawn):
        kind = kinds.setdefault(id_, drawn_kind)
        priority = PRIORITIES[kind] + (20 if due else 0)
        step = {"prompt": id_, "kind": kind, "status": status, "stage": stage, "priority": priority}
        panel.follow(event_of({**step, "due": at + due if due else None}, at))
        view = panel.view()
        main = view["main"]
        ids = [item["id"] for item in (main, *view["beside"]) if item]
        assert len(ids) == len(set(ids))
        assert main is None or main["kind"] not in ("tip", "warn")
        ended = status != "shown" and not (status == "done" and stage == "provisional")
        if before and not (ended and id_ == before["id"]):
            assert main is not None
            if main["id"] != before["id"]:
                assert main["id"] == id_ or before["id"] == id_, "only what has just come takes the place"
                assert weight(main) >= weight(before) + CLEARLY or before["id"] == id_
        before = main


def weight(item: dict[str, Any]) -> int:
    urgent = item["due"] is not None and item["due"] - item["since"] <= 15
    return PRIORITIES[item["kind"]] + (20 if item["due"] is not None else 0) + (20 if urgent else 0)
