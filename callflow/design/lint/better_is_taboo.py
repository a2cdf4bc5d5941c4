"""A better wording that must itself not be said: the agent who follows the advice is warned again.

PASS:
    phrases:
      unknown: {never: [不知道], boundary: sentence, better: 我帮您核实一下，请您稍等}
FAIL:
    phrases:
      unknown: {never: [不知道], boundary: sentence, better: 对不起，没办法}
    #                                                     ^
      no-way: {never: [没办法], better: 我帮您想想办法}
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.flow.model import Phrase, Rule
from callflow.problems import Level, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    owners: tuple[Phrase | Rule, ...] = (*subject.flow.phrases.values(), *subject.flow.rules.values())
    for owner in owners:
        for hit, taboo in subject.forbidden(owner.better) if owner.better else ():
            message = text(
                "the better wording “{b}” contains “{s}”, which {p} ({a}) forbids: word it otherwise",
                "更好的说法“{b}”含有“{s}”，而 {p}（{a}）禁止这样说：请换个说法",
                b=owner.better, s=hit.said, p=taboo.name, a=taboo.at,
            )  # fmt: skip
            yield Problem(owner.better_at or owner.at, message, "better-is-taboo", Level.WARNING, (taboo.at,))
