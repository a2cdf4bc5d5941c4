"""Rules counted week by week: the same as counted anew, whatever happened to the calls in between."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from archive_samples import call, finding

from callflow.archive import calls, decisions, figures, purge, tallies, users
from callflow.archive.calls import NewFlow
from callflow.archive.figures import Asked
from callflow.archive.store import Archive
from callflow.archive.viewers import EVERYTHING, Viewer
from callflow.events import GroupScore, Score

MONDAY = datetime(2026, 10, 26)
ALL = Asked()
SORRY = ("inbound", "sorry-after-hold")
WEEKS = [(MONDAY + timedelta(days=7 * n), MONDAY + timedelta(days=7 * n + 7)) for n in range(2)]


def counted(archive: Archive, asked: Asked = ALL, viewer: Viewer = EVERYTHING) -> list[dict[str, tuple[int, ...]]]:
    """By week and rule how often each verdict."""
    found = figures.by_rule(archive, WEEKS, asked, viewer)
    return [{rule: counts[:5] for (_, rule), counts in found[start].items() if rule} for start, _ in WEEKS]


def missing(archive: Archive) -> list[tallies.Week]:
    with archive.read() as session:
        return tallies._missing(session, WEEKS)


def test_what_changes_a_call_changes_its_week(new_archive: Archive) -> None:
    later = datetime(2026, 11, 4, 9)
    calls.add(new_archive, [call(1), call(2, began=later), call(3, began=later, team="华南", agent="1002")])
    first, second = counted(new_archive)
    assert first == {"greet": (1, 0, 0, 0, 0), "sorry-after-hold": (0, 1, 0, 0, 0)}
    assert second["greet"] == (2, 0, 0, 0, 0)
    assert counted(new_archive, Asked(team="华南"))[1]["greet"] == (1, 0, 0, 0, 0)
    assert counted(new_archive, Asked(queue="别处"))[1] == {}

    judged = (finding(verdict="missed"), finding("sorry-after-hold", "missed"))
    calls.add(new_archive, [call(2, began=later - timedelta(days=7), findings=judged)], again=True)
    first, second = counted(new_archive)
    assert (first["greet"], second["greet"]) == ((1, 1, 0, 0, 0), (1, 0, 0, 0, 0))

    admin = users.add(new_archive, "admin", "correct horse", "admin")
    ((moment,),) = figures.moments(new_archive, WEEKS[0], [("inbound", "greet")], Asked(), EVERYTHING).values()
    number = moment.finding
    decisions.decide(new_archive, number, admin, "dispute")
    assert counted(new_archive)[0]["greet"] == (1, 1, 0, 0, 1)
    decisions.decide(new_archive, number, admin, "correct", "met")
    assert counted(new_archive)[0]["greet"] == (2, 0, 0, 0, 0)

    calls.add(new_archive, [call(4, began=later, team="华南")])  # agent 1001 goes to another team, with all calls
    assert counted(new_archive, Asked(team="华东")) == [{}, {}]
    assert counted(new_archive, Asked(team="华南"))[1]["greet"] == (2, 0, 0, 0, 0)

    purge.purge(new_archive, timedelta(days=1), WEEKS[1][0] + timedelta(days=1))
    assert counted(new_archive)[0] == {}


def test_what_others_write_is_not_waited_for(new_archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    calls.add(new_archive, [call(1), call(2, queue="投诉"), call(3, began=WEEKS[1][0])])
    tried: list[tallies.Week] = []

    def count(archive: Archive, week: tallies.Week) -> None:
        tried.append(week)
        counts(archive, week)
        pytest.fail("somebody else writes")

    counts = tallies._count
    monkeypatch.setattr(tallies, "_count", count)
    assert tallies.BUSY < 1 < new_archive.engine.get_execution_options().get("busy", 30)
    with new_archive.begin() as session:  # whoever writes holds all others off
        tallies.changed(session, [WEEKS[1][0]])
        found = counted(new_archive), counted(new_archive, Asked(queue="投诉"))
        assert tried == [WEEKS[0]] * 2, "after the first refusal no other week is waited for"
    greeted = {"greet": (1, 0, 0, 0, 0), "sorry-after-hold": (0, 1, 0, 0, 0)}
    assert found == ([{name: tuple(2 * n for n in of) for name, of in greeted.items()}, greeted], [greeted, {}])
    monkeypatch.undo()
    assert counted(new_archive) == found[0]
    assert missing(new_archive) == []


def test_what_changes_after_it_was_counted_is_there_all_the_same(
    new_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(archive: Archive, weeks: Sequence[tallies.Week]) -> None:
        count_missing(archive, weeks)
        calls.add(archive, [call(2)])  # before it is read

    calls.add(new_archive, [call(1)])
    count_missing = tallies._count_missing
    monkeypatch.setattr(tallies, "_count_missing", count)
    assert counted(new_archive)[0]["greet"] == (2, 0, 0, 0, 0)


def test_an_archive_that_cannot_be_written_is_counted_all_the_same(new_archive: Archive) -> None:
    calls.add(new_archive, [call(1), call(2, queue="投诉")])
    address = new_archive.engine.url
    if not new_archive.sqlite:
        address = address.update_query_dict({"options": "-c default_transaction_read_only=on"})
    with Archive.open(address.render_as_string(False), create=False) as blocked:
        if blocked.sqlite:
            blocked.engine.dispose()
            sa.event.listen(blocked.engine, "connect", lambda one, _: one.execute("PRAGMA query_only = ON").close())
        assert counted(blocked, Asked(queue="投诉"))[0]["greet"] == (1, 0, 0, 0, 0)
        assert missing(blocked) == [WEEKS[0]]


NEVER = {"rude": {"never": True, "group": "wording"}}
OPENING = Score(at=9.0, total=50.0, groups={"opening": GroupScore(points=1.0, of=2.0)})
CLEAN = Score(at=9.0, total=50.0, groups={**OPENING.groups, "wording": GroupScore(points=2.0, of=2.0)})


def test_calls_are_told_apart_by_what_is_known_of_them(new_archive: Archive) -> None:
    """What decides of how many calls something was said in how many: heard or not, said, open, twice."""
    said, open_ = finding("rude", "violated", group="wording"), finding("rude", "not_assessed", group="wording")
    service, sales = NewFlow("service", "a" * 64, {}, NEVER), NewFlow("sales", "b" * 64, {}, {"rude": {}})
    of_service = [
        ((), CLEAN),  # never said
        ((said, said), CLEAN),  # said twice
        ((said, open_), CLEAN),  # said, and something like it
        ((open_, open_), CLEAN),  # left open
        ((), OPENING),  # the agent was not heard
        ((open_,), OPENING),
        ((said,), OPENING),  # said by one who was heard that once
        ((), None),  # nothing in it could be assessed
    ]
    made = [call(n, flow=service, findings=of, score=score) for n, (of, score) in enumerate(of_service)]
    made.append(call(20, flow=sales, findings=(finding("rude", "met"),), score=CLEAN))
    made.append(call(21, flow=None, findings=(finding("rude", "missed"),), score=CLEAN))
    calls.add(new_archive, made)
    found = figures.by_rule(new_archive, WEEKS, ALL, EVERYTHING)[MONDAY]
    versions = {flow.name: number for number, flow in figures.known_flows(new_archive).items()}
    named = {rule: dict(zip(tallies.COUNTS, counts, strict=True)) for rule, counts in found.items()}
    of_rude = named[versions["service"], "rude"]
    assert {name: n for name, n in of_rude.items() if n} == {
        "violated": 4, "not_assessed": 4, "wrong": 3, "judged": 3, "touched": 3
    }  # fmt: skip
    assert named[versions["service"], ""]["judged"] == 4
    assert (named[versions["sales"], "rude"]["met"], named[0, "rude"]["missed"]) == (1, 1)
    alone = figures.by_rule(new_archive, WEEKS, Asked(agent="1001"), EVERYTHING)[MONDAY]
    assert alone == found, "of one agent it is not kept, and the same"


def test_everybody_sees_the_figures_of_the_calls_they_may_see(new_archive: Archive) -> None:
    calls.add(new_archive, [call(1), call(2, agent="1002"), call(3, agent="1003", team="华南"), call(4, agent="")])
    east = users.add(new_archive, "anna", "correct horse", "supervisor", team="华东")
    own = users.add(new_archive, "bea", "correct horse", "agent", agent="1001")
    lost = Viewer("supervisor")
    for viewer, seen in ((EVERYTHING, 4), (users.viewer(east), 2), (users.viewer(own), 1), (lost, 0)):
        of_rules = counted(new_archive, Asked(), viewer)[0].get("greet", (0,))[0]
        of_agents = figures.by_agent(new_archive, WEEKS[:1], Asked(), viewer)[0]
        assert (of_rules, sum(sums.calls for sums in of_agents.values())) == (seen, seen)
        heard = figures.moments(new_archive, WEEKS[0], [SORRY], Asked(), viewer, each=9)
        assert len(heard[SORRY]) == seen
    for asked in (Asked(team="华南"), Asked(agent="1003")):  # asking by name opens nothing
        for viewer in (users.viewer(east), users.viewer(own)):
            assert counted(new_archive, asked, viewer)[0] == {}
            assert figures.by_agent(new_archive, WEEKS[:1], asked, viewer) == [{}]
            assert figures.people(new_archive, asked, viewer) == {}


def test_moments_are_the_latest_and_masked(new_archive: Archive) -> None:
    said = finding("sorry-after-hold", "missed").evidence[0].__class__(3.0, 4.0, "agent", "电话 13812345678")
    told = (finding("sorry-after-hold", "missed", evidence=(said,)),)
    calls.add(new_archive, [call(1, findings=told), call(2, findings=told), call(3, findings=told)])
    heard = figures.moments(new_archive, WEEKS[0], [SORRY], Asked(), Viewer("admin"))[SORRY]
    assert [moment.began and moment.began.minute for moment in heard] == [3, 2]
    assert (heard[0].at, heard[0].said) == (3.0, "电话 138••••5678")


def test_counting_again_is_for_the_week_that_changed_only(new_archive: Archive) -> None:
    calls.add(new_archive, [call(1), call(2, began=datetime(2026, 11, 4, 9, tzinfo=UTC))])
    counted(new_archive)
    with new_archive.begin() as session:
        tallies.changed(session, [datetime(2026, 11, 5)])
    assert missing(new_archive) == [WEEKS[1]]
