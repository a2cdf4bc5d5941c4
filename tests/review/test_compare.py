"""What changes between two flows: nothing between a flow and itself, and the mirror image with the sides swapped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callflow.events import Evidence, Finding, Severity, Verdict
from callflow.pairing import NEAR
from callflow.review.compare import EXAMPLES, Call, Compared, Differences, Verdicts, changes, compared
from callflow.texts import Text

SEVERITIES: tuple[Severity, ...] = ("minor", "fatal")
VERDICTS: tuple[Verdict, ...] = ("met", "missed", "violated", "not_assessed")


def finding(rule: str, verdict: Verdict, at: float, severity: Severity = "minor", words: bool = True) -> Finding:
    evidence = (Evidence(at, at + 1, "agent", f"话{at:g}"),) if words else ()
    return Finding(at=at + 2 if words else at, rule=rule, verdict=verdict, severity=severity, evidence=evidence)


one_finding = st.builds(
    finding,
    st.sampled_from(["r", "s"]),
    st.sampled_from(VERDICTS),
    st.integers(0, 60).map(float),
    st.sampled_from(SEVERITIES),
    st.booleans(),
)
calls = st.lists(one_finding, max_size=12)
totals = st.none() | st.floats(0, 100)
several = st.lists(st.tuples(calls, calls, totals, totals, st.sampled_from(["王", "李"])), max_size=5)


@given(calls)
def test_a_flow_does_not_differ_from_itself(findings: list[Finding]) -> None:
    assert changes(findings, findings) == []
    assert changes(findings, findings[::-1]) == []


@given(calls, calls)
def test_swapping_the_sides_mirrors(old: list[Finding], new: list[Finding]) -> None:
    there, back = changes(old, new), changes(new, old)
    key = str
    assert sorted((change.swapped for change in back), key=key) == sorted(there, key=key)


@given(calls, calls)
def test_nothing_is_lost_and_nothing_counted_twice(old: list[Finding], new: list[Finding]) -> None:
    found = changes(old, new)
    appeared = sum(change.kind == "appears" for change in found)
    vanished = sum(change.kind == "vanishes" for change in found)
    assert len(new) - len(old) == appeared - vanished
    assert sum(change.new is not None for change in found) <= len(new)
    for change in found:
        assert change.old != change.new


@given(several)
def test_the_tally_of_many_calls_mirrors_too(
    all_: list[tuple[list[Finding], list[Finding], float | None, float | None, str]],
) -> None:
    def tallied(swapped: bool) -> Differences:
        pairs = []
        for number, (old, new, before, after, agent) in enumerate(all_):
            sides = [Verdicts(tuple(old), before), Verdicts(tuple(new), after)]
            pairs.append(compared(Call(number, agent), *(sides[::-1] if swapped else sides)))
        return Differences.of(pairs)

    there, back = tallied(False), tallied(True)
    assert (there.calls, there.touched, there.up, there.down) == (back.calls, back.touched, back.down, back.up)
    assert (there.faults_old, there.faults_new) == (back.faults_new, back.faults_old)
    for ours, theirs in ((there.rules, back.rules), (there.agents, back.agents)):
        assert ours.keys() == theirs.keys()
        for name, tally in ours.items():
            other = theirs[name]
            assert (tally.appears, tally.vanishes, tally.changes) == (other.vanishes, other.appears, other.changes)
            assert (tally.worse, tally.better, tally.calls) == (other.better, other.worse, other.calls)
            assert abs(tally.moved + other.moved) < 1e-9
            assert len(tally.examples) <= EXAMPLES
    assert there.all.worse - there.all.better == there.faults_new - there.faults_old


def test_what_appears_vanishes_and_changes() -> None:
    old = [finding("r", "missed", 10), finding("s", "met", 30), finding("s", "violated", 50)]
    new = [finding("r", "met", 12), finding("s", "violated", 50), finding("t", "violated", 70)]
    found = changes(old, new)
    assert [(change.rule, change.kind, change.at, change.said) for change in found] == [
        ("r", "changes", 12, "话12"),
        ("s", "vanishes", 30, "话30"),
        ("t", "appears", 70, "话70"),
    ]


def test_the_same_thing_heard_elsewhere_has_not_changed_and_far_away_is_another() -> None:
    assert changes([finding("r", "missed", 10)], [finding("r", "missed", 10 + NEAR)]) == []
    far = changes([finding("r", "missed", 10)], [finding("r", "missed", 11 + NEAR)])
    assert [change.kind for change in far] == ["vanishes", "appears"]


def test_a_graver_severity_is_a_change() -> None:
    (change,) = changes([finding("r", "missed", 10)], [finding("r", "missed", 10, "fatal")])
    assert change.kind == "changes"


def test_calls_that_could_not_be_judged_are_told_and_not_counted() -> None:
    differences = Differences.of(
        [Compared(Call(3), failed=Text("no", "否")), compared(Call(4), Verdicts(), Verdicts())]
    )
    assert (differences.calls, [one.call.id for one in differences.failed]) == (1, [3])


def test_the_largest_moves_of_the_score_come_first() -> None:
    all_ = [compared(Call(n), Verdicts(total=50.0), Verdicts(total=50.0 + moved)) for n, moved in
            enumerate([0, -30, 5, 12, -1, 2, 0.001, 40])]  # fmt: skip
    differences = Differences.of(all_)
    assert [one.call.id for one in differences.largest] == [7, 1, 3, 2, 5]
    assert (differences.up, differences.down) == (4, 2)
