"""Words that the agent is to say and must not say: whatever the agent does is wrong.

PASS:
    phrases:
      promise: {say: [不可能让您吃亏的]}
      impossible: {never: [不可能], boundary: sentence, better: 这件事暂时难以办到}
FAIL:
    phrases:
      check-again: {say: [这个我不清楚]}
    #                     ^
      unclear: {never: [这个我不清楚], better: 我帮您核实一下}
FAIL:
    phrases:
      unclear: {never: [这个我不清楚], better: 我帮您核实一下}
    situations:
      asked: {prompts: [{say: 这个我不清楚}]}
    #                   ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.problems import Level, Location, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    yield from _wordings(subject)
    yield from _prompts(subject)


def _wordings(subject: Subject) -> Iterator[Problem]:
    told: set[tuple[Location, str]] = set()  # once for all ways to say one wording
    for phrase in subject.flow.phrases.values():
        for _, said, _, at in subject.sayings[phrase.name] if phrase.kind == "say" else ():
            for hit, taboo in subject.forbidden(said):
                if (at, taboo.name) in told:
                    continue
                told.add((at, taboo.name))
                message = text(
                    "{p} is to be said, but “{s}” in it is forbidden by {t} ({a}): reword one of them",
                    "{p} 是应说的话，但其中“{s}”被 {t}（{a}）禁止：请改写其中之一",
                    p=phrase.name, s=hit.said, t=taboo.name, a=taboo.at,
                )  # fmt: skip
                yield Problem(at, message, "required-and-forbidden", Level.WARNING, (taboo.at,))


def _prompts(subject: Subject) -> Iterator[Problem]:
    """Words of a prompt's own; those of a phrase are looked at with the phrase."""
    for prompt in subject.flow.prompts():
        for hit, taboo in subject.forbidden(prompt.text) if prompt.kind in ("say", "ask") and not prompt.phrase else ():
            message = text(
                "the prompt asks for “{s}”, which {t} ({a}) forbids: reword one of them",
                "提示要求说“{s}”，而 {t}（{a}）禁止这样说：请改写其中之一",
                s=hit.said, t=taboo.name, a=taboo.at,
            )  # fmt: skip
            yield Problem(prompt.at, message, "required-and-forbidden", Level.WARNING, (taboo.at,))
