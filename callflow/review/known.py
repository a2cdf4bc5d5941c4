"""What an archive remembers of a flow: enough to name its findings, and to score them again, without its files.

It is what ``judge.flow_version`` wrote: for each rule and forbidden phrase its titles, severity, group, clauses, the
group's title and weight. What is missing (an older archive, a newer rule) is made up for: a name for a title, the
engine's own group for a weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from callflow.archive.standing import Judged
from callflow.call.score import CLEAN_CREDIT
from callflow.events import GroupScore
from callflow.review.scorecard import Scorecard, Share, exactly, score
from callflow.texts import Text, text


def title_of(rules: Mapping[str, Any], name: str) -> Text:
    """The title of a rule or phrase."""
    return _text(rules.get(name), "title", name)


def group_titles(rules: Mapping[str, Any]) -> dict[str, Text]:
    """The titles of all groups that anything belongs to."""
    names = {str(about.get("group", "")): about for about in rules.values() if isinstance(about, Mapping)}
    return {name: _text(about, "group_title", name) for name, about in names.items()}


def _text(about: object, key: str, name: str) -> Text:
    title = about.get(key) if isinstance(about, Mapping) else None
    if isinstance(title, Mapping):
        en, zh = str(title.get("en", "")), str(title.get("zh", ""))
        return Text(en or zh or name, zh or en or name)
    shown = str(title or name)
    return Text(shown, shown)


def scorecard_of(rules: Mapping[str, Any], scored: Mapping[str, GroupScore]) -> Scorecard:
    """The flow's own weights, as ``Scorecard.of`` has them; ``scored``: the groups as the engine scored the call."""
    shares: dict[str, Share] = {name: Share(Text(name, name), exactly(group.of)) for name, group in scored.items()}
    for name, title in group_titles(rules).items():
        abouts = [about for about in rules.values() if isinstance(about, Mapping) and about.get("group") == name]
        weights = [about["weight"] for about in abouts if isinstance(about.get("weight"), (int, float))]
        weight = exactly(weights[0]) if weights else shares[name].weight if name in shares else Fraction(0)
        clean = Fraction(CLEAN_CREDIT) if any(about.get("never") for about in abouts) else Fraction(0)
        if name:
            shares[name] = Share(title, weight, clean)
    return Scorecard(text("the flow's own weights", "流程自带权重"), shares)


def was_heard(flow_s: Scorecard, scored: Mapping[str, GroupScore]) -> bool:
    """Whether the engine knew what the agent said: then it scored every group that has forbidden phrases.

    ``flow_s``: the flow's own weights.
    """
    return all(name in scored for name, share in flow_s.groups.items() if share.clean)


def rescored(call: Judged) -> float | None:
    """The score of a call by the verdicts that stand; what ``archive.decisions`` is handed for it."""
    card = scorecard_of(call.rules, call.groups)
    total = score(card, call.findings, heard=was_heard(card, call.groups)).total
    return None if total is None else float(total)


def group_scores(kept: Mapping[str, Any]) -> dict[str, GroupScore]:
    """The groups of a call's score as the archive keeps them."""
    return {name: GroupScore(**group) for name, group in kept.items()}
