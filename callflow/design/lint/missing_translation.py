"""A title, goal or reason that is there in one language only, in a flow that speaks both.

Whoever reads the other language sees the words they cannot read, or a bare name. A flow in one language is left alone.
Words to be said are Chinese in either case.

PASS:
    states:
      talk: {title: {zh: 通话, en: Talk}}
      ended: {title: {zh: 结束, en: Ended}, final: true}
PASS:
    states:
      talk: {title: 通话}
      ended: {title: 结束, final: true}
FAIL:
    states:
      talk: {title: {zh: 通话, en: Talk}}
      ended: {title: {zh: 结束}, final: true}
    # ^
FAIL:
    states:
      talk: {title: {zh: 通话, en: Talk}}
      ended: {title: Ended, final: true}
    # ^
FAIL:
    flow: {title: 来电, start: talk}
    #     ^
    states:
      talk: {title: {zh: 通话, en: Talk}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.flow.model import Flow
from callflow.problems import Level, Location, Problem
from callflow.texts import Text, text

_HAN = re.compile("[\u3400-\u9fff]")


def check(subject: Subject) -> Iterator[Problem]:
    titles = [(what, words, at) for what, words, at in _texts(subject.flow) if words.zh.strip()]
    if not any(_both(words) for _, words, _ in titles):
        return
    for what, words, at in titles:
        if _both(words) or (words.zh == words.en and not re.search("[^\\W\\d_]", words.zh)):
            continue
        missing = text("English", "英文") if _HAN.search(words.zh) else text("Chinese", "中文")
        message = Text(
            f"{what.en} “{words.zh[:40]}” has no {missing.en}: write {{zh: …, en: …}}",
            f"{what.zh}“{words.zh[:40]}”缺少{missing.zh}：请写成 {{zh: …, en: …}}",
        )
        yield Problem(at, message, "missing-translation", Level.WARNING)


def _both(words: Text) -> bool:
    return bool(_HAN.search(words.zh)) and words.en != words.zh and not _HAN.search(words.en)


def _texts(flow: Flow) -> Iterator[tuple[Text, Text, Location]]:
    title = text("the title", "标题")
    if flow.title != Text(flow.name, flow.name):  # its name stands for a title that it has not
        yield title, flow.title, flow.at
    for owned in (flow.groups, flow.causes, flow.states, flow.situations, flow.rules):
        yield from ((title, owner.title, owner.at) for owner in owned.values())
    for state in flow.states.values():
        yield text("the goal", "目标"), state.goal, state.at
    for rule in flow.rules.values():
        if rule.not_assessed:
            yield text("the reason", "原因"), rule.not_assessed, rule.at
