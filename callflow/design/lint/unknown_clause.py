"""A clause of the guides that is cited and does not exist.

Where the flow lists its clauses, such a ref is an error already while it is read, with the id that was meant. Where it
lists none, nobody can tell; the first ref is pointed at.

PASS:
    clauses:
      JJ-1.1.1: {kind: say, text: [您好请讲]}
    phrases:
      hello: {say: [您好请讲], refs: [JJ-1.1.1]}
FAIL:
    clauses:
      JJ-1.1.1: {kind: say, text: [您好请讲]}
    phrases:
      hello: {say: [您好请讲], refs: [JJ-1.1.2]}
    #                             ^
FAIL:
    phrases:
      hello: {say: [您好请讲], refs: [JJ-1.1.1]}
    # ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.flow.model import Flow
from callflow.problems import Level, Location, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    cited = sorted(_cited(subject.flow)) if not subject.flow.clauses else []
    if cited:
        message = text(
            "{n} clauses are cited, but the flow lists none: add clauses: so that a wrong id is noticed",
            "引用了 {n} 个条款，但流程没有列出条款：请加上 clauses:，以便发现写错的编号",
            n=len({ref for _, ref in cited}),
        )
        yield Problem(cited[0][0], message, "unknown-clause", Level.INFO)


def _cited(flow: Flow) -> Iterator[tuple[Location, str]]:
    owners = (flow.phrases, flow.rules, flow.states, flow.situations, flow.fields)
    for owner in (one for owned in owners for one in owned.values()):
        yield from ((owner.at, ref) for ref in owner.refs)
    for prompt in flow.prompts():
        yield from ((prompt.at, ref) for ref in prompt.refs)
