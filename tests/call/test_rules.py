"""Every shape a rule can take, with what makes it met, missed, violated, or not assessed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callflow.events import Event, Finding

Played = Callable[..., list[Event]]

HELD = "{after: call.held, expect: agent sorry, within: 5s}"
FIRST = "{after: call.resumed, expect: agent sorry, first: true, within: 4s}"
BEFORE = "{before: call.held, expect: agent why, within: 20s}"
CONSENT = "{before: call.held, expect: {then: [agent why, customer yes]}, within: 30s}"
TWICE = "{expect: agent hello, count: 2}"
NEVER = "{never: agent sorry}"
NEVER_HELD = "{after: call.held, never: agent sorry, within: 10s}"

CASES = [
    # response: after a trigger, in time
    ("in time", HELD, "[call.held, agent: 对不起。]", ["met"]),
    ("nothing said", HELD, "[call.held, wait: 30s]", ["missed"]),
    ("said before the trigger only", HELD, "[agent: 对不起。, wait: 2s, call.held, wait: 30s]", ["missed"]),
    ("said after the deadline", HELD, "[call.held, wait: 6s, agent: 对不起。, wait: 20s]", ["missed"]),
    (
        "begun in time, heard after the deadline",
        HELD,
        "[call.held, wait: 4s, agent: 对不起，我去核实一下您说的情况。]",
        ["met"],
    ),
    ("the customer's words do not count", HELD, "[call.held, customer: 对不起。, wait: 30s]", ["missed"]),
    ("the customer hangs up first", HELD, "[call.held, wait: 2s, call.hung_up customer]", ["not_assessed"]),
    ("the agent hangs up instead", HELD, "[call.held, wait: 2s, call.hung_up agent]", ["missed"]),
    ("no trigger, no finding", HELD, "[agent: 对不起。, wait: 30s]", []),
    (
        "each trigger is judged",
        HELD,
        "[call.held, agent: 对不起。, call.resumed, call.held, wait: 30s]",
        ["met", "missed"],
    ),
    (
        "an open obligation is not doubled",
        "{after: call.held, expect: agent sorry, within: 60s}",
        "[call.held, call.resumed, call.held, agent: 对不起。]",
        ["met"],
    ),
    (
        "the first trigger only",
        "{after: call.held, expect: agent sorry, within: 5s, once: true}",
        "[call.held, agent: 对不起。, call.resumed, call.held, wait: 30s]",
        ["met"],
    ),
    (
        "either trigger",
        "{after: [call.held, call.transfer_started], expect: agent sorry, within: 5s}",
        "[call.transfer_started, agent: 对不起。, call.held, wait: 30s]",
        ["met", "missed"],
    ),
    (
        "only in its state",
        "{after: customer no, expect: agent sorry, within: 5s, in: hold}",
        "[customer: 我不同意。, wait: 20s, call.held, customer: 我不同意。, agent: 对不起。]",
        ["met"],
    ),
    (
        "without a deadline the call is the span",
        "{after: call.held, expect: agent sorry}",
        "[call.held, wait: 90s]",
        ["missed"],
    ),
    (
        "within two sentences",
        "{after: call.held, expect: agent sorry, within: 2 sentences}",
        "[call.held, agent: 我在查。, agent: 对不起。]",
        ["met"],
    ),
    (
        "in the third sentence is too late",
        "{after: call.held, expect: agent sorry, within: 2 sentences}",
        "[call.held, agent: 我在查。, agent: 快好了。, agent: 对不起。]",
        ["missed"],
    ),
    (
        "within two rings",
        "{after: call.ringing, expect: call.answered, within: 2 rings, once: true}",
        "[call.ringing, call.ringing, call.answered]",
        ["met"],
    ),
    (
        "the third ring is one too many",
        "{after: call.ringing, expect: call.answered, within: 2 rings, once: true}",
        "[call.ringing, call.ringing, call.ringing, call.answered]",
        ["missed"],
    ),
    (
        "the caller gives up between the rings",
        "{after: call.ringing, expect: call.answered, within: 3 rings, once: true}",
        "[call.ringing, call.ringing, call.hung_up customer]",
        ["not_assessed"],
    ),
    # chain response: first, in the next utterance
    ("first", FIRST, "[call.resumed, agent: 对不起，我查到了。]", ["met"]),
    ("something else first", FIRST, "[call.resumed, agent: 我查到了。, agent: 对不起。]", ["missed"]),
    ("a filler first is nothing", FIRST, "[call.resumed, agent: 嗯。, agent: 对不起。]", ["met"]),
    ("too late, though first", FIRST, "[call.resumed, wait: 8s, agent: 对不起。]", ["missed"]),
    ("nothing said at all", FIRST, "[call.resumed, wait: 30s]", ["missed"]),
    ("the customer may speak first", FIRST, "[call.resumed, customer: 喂喂。, agent: 对不起。]", ["met"]),
    ("the customer hangs up at once", FIRST, "[call.resumed, wait: 1s, call.hung_up customer]", ["not_assessed"]),
    # precedence: before a trigger
    ("said before", BEFORE, "[agent: 我去核实一下。, call.held]", ["met"]),
    ("said too long before", BEFORE, "[agent: 我去核实一下。, wait: 30s, call.held]", ["missed"]),
    ("said after", BEFORE, "[call.held, agent: 我去核实一下。]", ["missed"]),
    (
        "used up by the hold before",
        BEFORE,
        "[agent: 我去核实一下。, call.held, wait: 2s, call.resumed, call.held]",
        ["met", "missed"],
    ),
    ("asked and agreed", CONSENT, "[agent: 我去核实一下。, customer: 可以的。, call.held]", ["met"]),
    ("agreed before it was asked", CONSENT, "[customer: 可以的。, agent: 我去核实一下。, call.held]", ["missed"]),
    # existence: in a state, or in the call
    ("said in the call", "{expect: agent hello}", "[agent: 您好。]", ["met"]),
    ("never said", "{expect: agent hello}", "[agent: 对不起。]", ["missed"]),
    ("twice is twice", TWICE, "[agent: 您好。, agent: 您好。]", ["met"]),
    ("once is not twice", TWICE, "[agent: 您好。]", ["missed"]),
    ("twice in one utterance", TWICE, "[agent: 您好，王先生您好。]", ["met"]),
    ("in its state", "{expect: agent hello, in: hold}", "[call.held, agent: 您好。]", ["met"]),
    (
        "out of its state",
        "{expect: agent hello, in: hold}",
        "[agent: 您好。, call.held, wait: 5s, call.resumed, wait: 20s]",
        ["missed"],
    ),
    ("the state never came", "{expect: agent hello, in: hold}", "[agent: 对不起。]", []),
    ("in the first ten seconds", "{expect: agent hello, edge: first, span: 10s}", "[wait: 3s, agent: 您好。]", ["met"]),
    (
        "after the first ten seconds",
        "{expect: agent hello, edge: first, span: 10s}",
        "[wait: 12s, agent: 您好。, wait: 20s]",
        ["missed"],
    ),
    (
        "in the first two sentences",
        "{expect: agent hello, edge: first, span: 2 sentences}",
        "[agent: 对不起。, agent: 您好。]",
        ["met"],
    ),
    (
        "in the third sentence",
        "{expect: agent hello, edge: first, span: 2 sentences}",
        "[agent: 对不起。, agent: 对不起。, agent: 您好。]",
        ["missed"],
    ),
    (
        "in the last ten seconds",
        "{expect: agent bye, edge: last, span: 10s}",
        "[wait: 60s, agent: 谢谢您的来电。, wait: 3s]",
        ["met"],
    ),
    (
        "before the last ten seconds",
        "{expect: agent bye, edge: last, span: 10s}",
        "[agent: 谢谢您的来电。, wait: 60s]",
        ["missed"],
    ),
    # absence: in a state, or in the call
    ("never said, as it should be", NEVER, "[agent: 您好。]", ["met"]),
    ("said", NEVER, "[agent: 对不起。]", ["violated"]),
    ("each time counts", NEVER, "[agent: 对不起。, agent: 对不起。]", ["violated", "violated"]),
    ("once is allowed", "{never: agent sorry, count: 1}", "[agent: 对不起。]", ["met"]),
    ("the second time is not", "{never: agent sorry, count: 1}", "[agent: 对不起。, agent: 对不起。]", ["violated"]),
    (
        "elsewhere it may be said",
        "{never: agent sorry, in: hold}",
        "[agent: 对不起。, call.held, wait: 5s, call.resumed]",
        ["met"],
    ),
    ("not in its state", "{never: agent sorry, in: hold}", "[call.held, agent: 对不起。, call.resumed]", ["violated"]),
    ("one of two", "{never: {any: [agent sorry, agent bye]}}", "[agent: 谢谢您的来电。]", ["violated"]),
    # not succession: not after a trigger
    ("not said after", NEVER_HELD, "[call.held, wait: 30s]", ["met"]),
    ("said after", NEVER_HELD, "[call.held, agent: 对不起。]", ["violated"]),
    ("said before, which is allowed", NEVER_HELD, "[agent: 对不起。, wait: 2s, call.held, wait: 30s]", ["met"]),
    ("said when it may be said again", NEVER_HELD, "[call.held, wait: 20s, agent: 对不起。]", ["met"]),
    # unless
    (
        "an exception",
        "{after: call.held, expect: agent sorry, within: 5s, unless: customer no}",
        "[call.held, customer: 我不同意。, wait: 30s]",
        [],
    ),
    (
        "no exception",
        "{after: call.held, expect: agent sorry, within: 5s, unless: customer no}",
        "[call.held, customer: 可以的。, wait: 30s]",
        ["missed"],
    ),
    (
        "an exception beforehand",
        "{before: call.held, expect: agent why, unless: agent sorry}",
        "[agent: 对不起。, call.held]",
        [],
    ),
    # all, any, then, not
    ("both", "{expect: {all: [agent hello, agent bye]}}", "[agent: 谢谢您的来电。, agent: 您好。]", ["met"]),
    ("one of both", "{expect: {all: [agent hello, agent bye]}}", "[agent: 您好。]", ["missed"]),
    ("either", "{expect: {any: [agent hello, agent bye]}}", "[agent: 谢谢您的来电。]", ["met"]),
    ("neither", "{expect: {any: [agent hello, agent bye]}}", "[agent: 对不起。]", ["missed"]),
    ("in order", "{expect: {then: [agent hello, agent bye]}}", "[agent: 您好。, agent: 谢谢您的来电。]", ["met"]),
    (
        "out of order",
        "{expect: {then: [agent hello, agent bye]}}",
        "[agent: 谢谢您的来电。, agent: 您好。]",
        ["missed"],
    ),
    ("in order, in one breath", "{expect: {then: [agent hello, agent bye]}}", "[agent: 您好，谢谢您的来电。]", ["met"]),
    ("without the other", "{expect: {all: [agent hello, {not: agent rude}]}}", "[agent: 您好。]", ["met"]),
    (
        "with the other",
        "{expect: {all: [agent hello, {not: agent rude}]}}",
        "[agent: 您好。, agent: 你问我我问谁。]",
        ["missed"],
    ),
    (
        "one after another, and either",
        "{expect: {then: [{any: [agent hello, agent sorry]}, customer yes, agent bye]}}",
        "[agent: 对不起。, customer: 可以的。, agent: 谢谢您的来电。]",
        ["met"],
    ),
    # events and states as what is expected
    (
        "a state entered",
        "{after: customer no, expect: state hold.waiting, within: 5s}",
        "[customer: 我不同意。, call.held]",
        ["met"],
    ),
    ("who hung up", "{never: call.hung_up agent}", "[call.hung_up customer]", ["met"]),
    ("who hung up first", "{never: call.hung_up agent}", "[call.hung_up agent]", ["violated"]),
]


@pytest.mark.parametrize(("rule", "call", "verdicts"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_rule(played: Played, rule: str, call: str, verdicts: list[str]) -> None:
    outputs = played(f"rules: {{it: {rule}}}", call)
    assert [output.verdict for output in outputs if isinstance(output, Finding) and output.rule == "it"] == verdicts
