"""Archived calls scored by the verdicts that stand: the engine's at first, then what people decided."""

from __future__ import annotations

from pathlib import Path

import pytest
from archived import archive_of, new_call
from bundled import NAMES
from commandline import plan

from callflow.archive import calls, decisions, extracts, users
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.errors import ArchiveError
from callflow.events import Event
from callflow.journal import parse_journal
from callflow.review import known, scored
from callflow.review.agreement import reviews_of
from callflow.review.judge import flow_version
from callflow.review.replay import rejudge
from callflow.review.scorecard import Scorecard, score
from callflow.review.story import Story

PASSWORD = "correct horse battery"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(str(archive_of(tmp_path / "calls.sqlite")))


def test_what_an_archive_remembers_of_a_flow_scores_as_the_flow_itself(archive: Archive) -> None:
    for call in extracts.calls(archive, extracts.chosen(archive, Wanted())):
        explained = scored.of_call(archive, call.id)
        assert call.score is not None
        assert float(explained.scored.total or 0) == pytest.approx(call.score, abs=0.005)
        assert explained.card.groups == Scorecard.of(plan().flow).groups


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_and_an_archive_explain_alike(archive: Archive, name: str) -> None:
    call = new_call(name)
    (call_id,) = calls.add(archive, [call])
    from_archive = scored.of_call(archive, call_id)
    from_journal = scored.of_journal(parse_journal(call.journal), plan(), f"{name}.opus")
    assert from_archive.scored == from_journal.scored
    assert (from_archive.version, from_archive.flow) == (from_journal.version, from_journal.flow)
    for line in from_archive.scored.lines:
        assert from_archive.title(line) == from_journal.title(line)


def test_a_finding_has_one_title_on_the_page_of_its_call_and_among_the_rules() -> None:
    flow = plan().flow
    about = flow_version(flow).rules
    for name in NAMES:
        events = parse_journal(new_call(name).journal).events
        out: list[Event] = []
        rejudge(events, plan(), out.append)
        for finding in Story.of(out, flow).findings:
            assert finding.title == known.title_of(about, finding.rule)


def test_a_journal_that_was_cut_off_is_judged(archive: Archive) -> None:
    journal = parse_journal(new_call("faulty").journal)
    whole = scored.of_journal(journal, plan(), "x")
    journal.events = [event for event in journal.events if event.type not in ("finding", "score")]
    assert scored.of_journal(journal, plan(), "x").scored.total == whole.scored.total


def test_a_dispute_that_is_settled_moves_the_score_and_nothing_is_lost(archive: Archive) -> None:
    users.add(archive, "chef", PASSWORD, "admin")
    chef = next(user for user, _, _ in users.with_names(archive) if user.name == "chef")
    (call_id,) = calls.add(archive, [new_call("order_wrong_readback")])
    before = scored.of_call(archive, call_id)
    fault = next(line for line in before.scored.lines if line.lost)
    finding = extracts.findings(archive, [call_id])[call_id][fault.number or 0]

    decisions.decide(archive, finding.id, chef, "dispute", note="读对了", rescore=known.rescored)
    assert scored.of_call(archive, call_id).scored.total == before.scored.total, "a dispute settles nothing yet"

    decisions.decide(archive, finding.id, chef, "correct", "met", rescore=known.rescored)
    after = scored.of_call(archive, call_id)
    assert (after.scored.total or 0) > (before.scored.total or 0)
    (kept,) = extracts.calls(archive, [call_id])
    assert kept.judged == float(after.scored.total or 0)
    assert kept.score == pytest.approx(float(before.scored.total or 0), abs=0.005)
    (line,) = [line for line in after.scored.lines if line.number == fault.number]
    assert (line.verdict, line.engine) == ("met", fault.verdict)

    decisions.decide(archive, finding.id, chef, "accept", rescore=known.rescored)
    assert scored.of_call(archive, call_id).scored.total == before.scored.total
    decided = extracts.decided(archive, Wanted(call=call_id))
    assert [(one.kind, one.verdict, one.user) for one in decided] == [
        ("dispute", "", "chef"),
        ("correct", "met", "chef"),
        ("accept", "", "chef"),
    ]
    assert [review.held for review in reviews_of(decided)] == ["disputed", "met", fault.verdict]


def test_rescoring_gives_the_engine_s_score_for_the_engine_s_verdicts(archive: Archive) -> None:
    """For every bundled call: with what the archive hands over, as after a decision that changes nothing."""
    for call in extracts.calls(archive, extracts.chosen(archive, Wanted())):
        groups = known.group_scores(call.groups)
        card = known.scorecard_of(call.rules, groups)
        findings = [scored.finding_of(one) for one in extracts.findings(archive, [call.id])[call.id]]
        total = score(card, findings, heard=known.was_heard(card, groups)).total
        assert float(total or 0) == pytest.approx(call.score, abs=0.005)


def test_a_call_that_is_not_there_is_said(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="call 4711"):
        scored.of_call(archive, 4711)
