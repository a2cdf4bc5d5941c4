"""The held-out phrases: enough of them, all of them new; and what the measure counts, on a flow of its own.

Nothing here asks what the bundled flow makes of a line: `scripts/accuracy heldout` measures that.
"""

import re
from collections import Counter

import pytest
from measures import heldout
from measures.lines import CLAUSES, KINDS, read

from callflow.call.plan import Plan
from callflow.flow.read import read_flow

CATALOGUE = read(CLAUSES)["clauses"]
SAID = read(heldout.FOLDER / "said.yaml")
CUES = read(heldout.FOLDER / "cues.yaml")
SILENT = read(heldout.FOLDER / "silent.yaml")


def bare(text: str) -> str:
    return re.sub(r"\W", "", text)


def test_every_say_has_two_lines_and_every_taboo_one_for_each_text() -> None:
    for kind in KINDS:
        lines = Counter(line["clause"] for line in SAID[kind])
        of_kind = {name: clause for name, clause in CATALOGUE.items() if clause["kind"] == kind}
        assert lines == {name: 2 if kind == "say" else len(clause["text"]) for name, clause in of_kind.items()}


def test_every_situation_is_one_of_the_guides_and_has_five_cues() -> None:
    assert CUES["situations"].keys() <= {clause.get("when") for clause in CATALOGUE.values()}
    assert {len(cues) for cues in CUES["situations"].values()} == {5}
    assert (len(CUES["none"]), len(SILENT)) == (150, 200)


def test_no_line_comes_twice_or_is_the_guides_own() -> None:
    guides = {bare(text) for clause in CATALOGUE.values() for text in (*clause.get("text", ()), *clause.get("cue", ()))}
    texts = [line["text"] for kind in KINDS for line in SAID[kind]] + CUES["none"] + SILENT
    texts += [cue for cues in CUES["situations"].values() for cue in cues]
    counts = Counter(map(bare, texts))
    assert [text for text, count in counts.items() if count > 1] == []
    assert counts.keys() & guides == set()


FLOW = """
flow: {title: t, start: greeting}
groups: {wording: {title: w, weight: 1}}
clauses:
  C-1: {kind: taboo, when: any, text: [这事不归我管]}
  C-2: {kind: say, when: customer-suggests, text: [您的建议很重要]}
  C-3: {kind: say, when: wrong-number, text: [您打错了]}
states:
  greeting: {title: g, on: {customer wrong: misdialled}}
  misdialled: {title: w, refs: [C-3]}
phrases:
  not-mine: {never: [这事不归我管], better: 我来帮您, severity: severe, group: wording, refs: [C-1]}
  thanks: {say: [您的建议很重要], refs: [C-2]}
  suggests: {by: customer, cue: [我有个建议]}
  wrong: {by: customer, cue: [打错电话了]}
situations:
  customer-suggests: {title: s, begins: [customer suggests]}
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    flow, problems = read_flow({"flow.yaml": FLOW}, "test")
    assert flow, problems
    return Plan.of(flow)


def test_what_is_found_and_what_is_missed(plan: Plan) -> None:
    lines = [{"clause": "C-1", "text": "哎呀这事不归我管"}, {"clause": "C-1", "text": "找别人去"}]
    taboo = heldout.found_lines(plan, "taboo", lines)
    assert (taboo["found"], taboo["warned of"]) == (1, 1)
    assert [line["text"] for line in taboo["missed"]] == ["找别人去"]
    say = heldout.found_lines(
        plan, "say", [{"clause": "C-2", "text": "您的建议很重要"}, {"clause": "C-2", "text": "嗯"}]
    )
    assert (say["found"], say["warned of"]) == (1, 0)


def test_a_cue_counts_where_its_own_situation_or_state_comes(plan: Plan) -> None:
    cues = {
        "customer-suggests": ["我有个建议", "打错电话了", "嗯"],
        "wrong-number": ["打错电话了"],
        "escalate": ["叫你们领导来"],
    }
    found = heldout.recognised_cues(plan, cues)
    assert (found["recognised"], found["another came"], found["not in the flow"]) == (2, 1, ["escalate"])
    assert found["by situation"] == {"customer-suggests": "1/3", "wrong-number": "1/1", "escalate": "0/1"}


def test_wrong_situations_and_false_alarms_are_counted(plan: Plan) -> None:
    assert heldout.wrong_situations(plan, ["嗯对", "打错电话了"])["per 100"] == 50
    silent = heldout.false_alarms(plan, ["这事归我管", "哎呀这事不归我管"])
    assert (silent["alarmed"], silent["severe"]) == (1, 1)
