"""A check of flows: what the agent is to say is not shouted."""

from __future__ import annotations

from collections.abc import Iterator

from callflow.call.plan import Plan
from callflow.problems import Level, Location, Problem
from callflow.texts import text


def check(plan: Plan) -> Iterator[Problem]:
    """No exclamation marks in what the agent is to say."""
    for phrase in plan.flow.phrases.values():
        for wording in phrase.wordings if phrase.kind == "say" else ():
            if "！！" in wording:
                at: Location = phrase.places.get(wording, phrase.at)
                message = text("“{w}” is shouted", "“{w}”像在喊", w=wording)
                yield Problem(at, message, "shouting", Level.WARNING)
