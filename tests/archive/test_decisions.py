"""Decisions are kept, the verdict that counts and the score follow, and nothing is deleted."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from archive_samples import FLOW, call, finding

from callflow.archive import audit, calls, extracts, users
from callflow.archive.decisions import decide, of_call
from callflow.archive.search import CallQuery, find
from callflow.archive.standing import Judged
from callflow.archive.store import Archive
from callflow.archive.tables import Call, StoredFinding, User
from callflow.archive.viewers import EVERYTHING
from callflow.errors import ArchiveError
from callflow.events import Evidence, Finding, Verdict

PASSWORD = "a sentence to remember"


@pytest.fixture
def one(archive: Archive) -> Archive:
    """One call with a finding that was met and one that was missed."""
    calls.add(archive, [call(1)])
    return archive


def user(archive: Archive, name: str, role: Any, **more: Any) -> User:
    return users.add(archive, name, PASSWORD, role, **more)


def all_met(judged: Judged) -> float:
    assert (judged.flow, judged.digest, judged.groups["opening"].of) == (FLOW.name, FLOW.digest, 20.0)
    return 100.0 * sum(item.verdict == "met" for item in judged.findings) / len(judged.findings)


def state(archive: Archive, number: int) -> tuple[str, str, bool]:
    with archive.read() as session:
        stored = session.get_one(StoredFinding, number)
        return stored.verdict, stored.standing, stored.disputed


def counted(archive: Archive) -> tuple[float | None, float | None, int, int, int, int]:
    with archive.read() as session:
        kept = session.get_one(Call, 1)
        return kept.score, kept.judged, kept.met, kept.faults, kept.severe, kept.disputed


def test_an_agent_disputes_and_the_supervisor_settles_it(one: Archive) -> None:
    agent = user(one, "agent", "agent", agent="1001")
    lead = user(one, "lead", "supervisor", team="华东")
    decide(one, 2, agent, "dispute", note="我说了对不起", rescore=all_met)
    assert state(one, 2) == ("missed", "missed", True)
    assert counted(one) == (75.0, 75.0, 1, 1, 1, 1)
    assert find(one, CallQuery(disputed=True), EVERYTHING).total == 1
    decide(one, 2, lead, "correct", "met", "听到了", rescore=all_met)
    assert state(one, 2) == ("missed", "met", False)
    assert counted(one) == (75.0, 100.0, 2, 0, 0, 0)
    assert find(one, CallQuery(rule="sorry-after-hold", verdict="met"), EVERYTHING).total == 1
    decide(one, 2, agent, "accept")
    assert state(one, 2) == ("missed", "met", False), "an agent's word does not undo a supervisor's"
    decide(one, 2, lead, "accept", rescore=all_met)
    assert state(one, 2) == ("missed", "missed", False)
    assert counted(one) == (75.0, 75.0, 1, 1, 1, 0)
    history = of_call(one, 1)[2]
    assert [(made.kind, made.verdict, made.note, name) for made, name in history] == [
        ("dispute", "", "我说了对不起", "agent"),
        ("correct", "met", "听到了", "lead"),
        ("accept", "", "", "agent"),
        ("accept", "", "", "lead"),
    ]
    assert [line.action for line in audit.read(one)][:4] == [
        *("finding.accept", "finding.accept", "finding.correct", "finding.dispute"),
    ]


def test_a_dispute_is_taken_back(one: Archive) -> None:
    agent = user(one, "agent", "agent", agent="1001")
    decide(one, 2, agent, "dispute")
    decide(one, 2, agent, "accept")
    assert state(one, 2) == ("missed", "missed", False)
    assert counted(one)[-1] == 0


@pytest.mark.parametrize(
    ("role", "more", "kind", "verdict", "why"),
    [
        ("agent", {"agent": "1001"}, "correct", "met", "only a supervisor"),
        ("agent", {"agent": "9999"}, "dispute", "", "there is no finding 2"),
        ("supervisor", {"team": "华北"}, "correct", "met", "there is no finding 2"),
        ("admin", {}, "correct", "", "a decision is"),
        ("admin", {}, "correct", "fine", "a decision is"),
        ("admin", {}, "accept", "met", "a decision is"),
        ("admin", {}, "delete", "", "a decision is"),
    ],
)
def test_decisions_that_cannot_be(
    one: Archive, role: str, more: dict[str, str], kind: Any, verdict: Any, why: str
) -> None:
    with pytest.raises(ArchiveError, match=why):
        decide(one, 2, user(one, "somebody", role, **more), kind, verdict)
    assert of_call(one, 1) == {}
    assert state(one, 2) == ("missed", "missed", False)


def test_a_note_has_an_end(one: Archive) -> None:
    with pytest.raises(ArchiveError, match="a note has"):
        decide(one, 1, user(one, "anna", "admin"), "dispute", note="长" * 2_001)


def test_what_was_decided_outlives_judging_again(one: Archive) -> None:
    """The correction stays with the rule's finding; what is no longer found is withdrawn, not deleted."""
    anna = user(one, "anna", "admin")
    decide(one, 1, anna, "dispute")
    decide(one, 2, anna, "correct", "met", rescore=all_met)
    again = call(1, findings=(finding("sorry-after-hold", "missed", severity="severe"), finding("new", "missed")))
    calls.add(one, [again], again=True, rescore=all_met)
    assert state(one, 2) == ("missed", "met", False)
    assert state(one, 1) == ("met", "withdrawn", False)
    assert set(of_call(one, 1)) == {1, 2}
    assert counted(one) == (75.0, 50.0, 1, 1, 0, 0)
    calls.add(one, [call(1)], again=True, rescore=all_met)
    assert state(one, 1) == ("met", "met", True), "found again it is disputed again"
    with one.read() as session:
        rules = session.scalars(sa.select(StoredFinding.rule).order_by(StoredFinding.number)).all()
    assert rules == ["greet", "sorry-after-hold"]


def test_what_was_decided_stays_with_the_moment_it_was_about(one: Archive) -> None:
    """Two findings of one rule: when the first is no longer found, the second is not taken for it."""

    def said(at: float) -> Finding:
        return finding("no-slang", "violated", at=at, evidence=(Evidence(at, at + 1, "agent", "喂"),))

    anna = user(one, "anna", "admin")
    calls.add(one, [call(2, findings=(said(10.0), said(200.0)))])
    decide(one, 3, anna, "correct", "met", "a false alarm")
    calls.add(one, [call(2, findings=(said(201.0),))], again=True)
    assert state(one, 3) == ("violated", "withdrawn", False)
    assert state(one, 4) == ("violated", "violated", False)
    calls.add(one, [call(2, findings=(said(11.5), said(200.0)))], again=True)
    assert state(one, 3) == ("violated", "met", False)
    assert state(one, 4) == ("violated", "violated", False)


@pytest.mark.parametrize(
    ("kind", "verdict", "now", "expected"),
    [
        ("accept", "", "met", ("met", "met", True)),
        ("correct", "met", "violated", ("violated", "violated", True)),
        ("correct", "met", "met", ("met", "met", False)),
        ("dispute", "", "met", ("met", "met", False)),
    ],
)
def test_what_was_decided_about_another_verdict_does_not_count_for_the_new_one(
    one: Archive, kind: Any, verdict: Any, now: Verdict, expected: tuple[str, str, bool]
) -> None:
    decide(one, 2, user(one, "anna", "admin"), kind, verdict)
    before = state(one, 2)
    calls.add(one, [call(1, findings=(finding(), finding("sorry-after-hold", now, severity="severe")))], again=True)
    assert state(one, 2) == expected
    assert counted(one)[-1] == expected[2]
    (kept,) = extracts.decided(one)
    assert (kept.engine, kept.kind, kept.holds) == ("missed", kind, False), "it tells nothing of the rule as it is now"
    calls.add(one, [call(1)], again=True)
    assert state(one, 2) == before, "it counts again for the verdict it was about"
    assert [kept.holds for kept in extracts.decided(one)] == [True]


def test_nobody_takes_back_the_dispute_of_another(one: Archive) -> None:
    agent = user(one, "agent", "agent", agent="1001")
    lead = user(one, "lead", "supervisor", team="华东")
    decide(one, 2, agent, "dispute")
    decide(one, 2, lead, "dispute")
    decide(one, 2, agent, "accept")
    assert state(one, 2) == ("missed", "missed", True)
    decide(one, 2, lead, "accept")
    assert state(one, 2) == ("missed", "missed", False)


def test_of_two_who_decide_at_once_the_later_stands(one: Archive) -> None:
    """The second has looked at the finding, and waits for the call, when the first has not yet kept what stands."""
    anna, ben = user(one, "anna", "admin"), user(one, "ben", "admin")
    second: list[threading.Thread] = []

    def meanwhile(_judged: Judged) -> float:
        second.append(threading.Thread(target=decide, args=(one, 1, ben, "accept")))
        second[0].start()
        second[0].join(1.0)
        return 50.0

    decide(one, 1, anna, "correct", "missed", rescore=meanwhile)
    second[0].join()
    assert [made.kind for made, _ in of_call(one, 1)[1]] == ["correct", "accept"]
    assert state(one, 1) == ("met", "met", False)
    assert counted(one) == (75.0, 75.0, 1, 1, 1, 0)
