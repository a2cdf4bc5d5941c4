"""Rules counted week by week: the same as counted anew, whatever happened to the calls in between."""

from datetime import UTC, datetime, timedelta

from archive_samples import call, finding

from callflow.archive import calls, decisions, figures, purge, tallies, users
from callflow.archive.figures import Asked
from callflow.archive.store import Archive
from callflow.archive.viewers import EVERYTHING, Viewer

MONDAY = datetime(2026, 10, 26)
ALL = Asked()
WEEKS = [(MONDAY + timedelta(days=7 * n), MONDAY + timedelta(days=7 * n + 7)) for n in range(2)]


def counted(archive: Archive, asked: Asked = ALL, viewer: Viewer = EVERYTHING) -> list[dict[str, tuple[int, ...]]]:
    found = figures.by_rule(archive, WEEKS, asked, viewer)
    return [found[start] for start, _ in WEEKS]


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
    number = figures.moments(new_archive, WEEKS[0], ["greet"], Asked(), EVERYTHING)["greet"][0].finding
    decisions.decide(new_archive, number, admin, "dispute")
    assert counted(new_archive)[0]["greet"] == (1, 1, 0, 0, 1)
    decisions.decide(new_archive, number, admin, "correct", "met")
    assert counted(new_archive)[0]["greet"] == (2, 0, 0, 0, 0)

    calls.add(new_archive, [call(4, began=later, team="华南")])  # agent 1001 goes to another team, with all calls
    assert counted(new_archive, Asked(team="华东")) == [{}, {}]
    assert counted(new_archive, Asked(team="华南"))[1]["greet"] == (2, 0, 0, 0, 0)

    purge.purge(new_archive, timedelta(days=1), WEEKS[1][0] + timedelta(days=1))
    assert counted(new_archive)[0] == {}


def test_an_archive_that_cannot_be_written_is_counted_all_the_same(new_archive: Archive) -> None:
    calls.add(new_archive, [call(1), call(2, queue="投诉")])
    with new_archive.begin() as session:  # whoever writes holds all others off
        blocked = Archive.open(new_archive.engine.url.render_as_string(False), create=False, busy=0.1)
        if blocked.sqlite:
            assert counted(blocked, Asked(queue="投诉"))[0]["greet"] == (1, 0, 0, 0, 0)
        session.rollback()
        blocked.close()


def test_everybody_sees_the_figures_of_the_calls_they_may_see(new_archive: Archive) -> None:
    calls.add(new_archive, [call(1), call(2, agent="1002"), call(3, agent="1003", team="华南"), call(4, agent="")])
    east = users.add(new_archive, "anna", "correct horse", "supervisor", team="华东")
    own = users.add(new_archive, "bea", "correct horse", "agent", agent="1001")
    lost = Viewer("supervisor")
    for viewer, seen in ((EVERYTHING, 4), (users.viewer(east), 2), (users.viewer(own), 1), (lost, 0)):
        of_rules = counted(new_archive, Asked(), viewer)[0].get("greet", (0,))[0]
        of_agents = figures.by_agent(new_archive, WEEKS[:1], Asked(), viewer)[0]
        assert (of_rules, sum(sums.calls for sums in of_agents.values())) == (seen, seen)
        heard = figures.moments(new_archive, WEEKS[0], ["sorry-after-hold"], Asked(), viewer, each=9)
        assert len(heard["sorry-after-hold"]) == seen
    for asked in (Asked(team="华南"), Asked(agent="1003")):  # asking by name opens nothing
        for viewer in (users.viewer(east), users.viewer(own)):
            assert counted(new_archive, asked, viewer)[0] == {}
            assert figures.by_agent(new_archive, WEEKS[:1], asked, viewer) == [{}]
            assert figures.people(new_archive, asked, viewer) == {}


def test_moments_are_the_latest_and_masked(new_archive: Archive) -> None:
    said = finding("sorry-after-hold", "missed").evidence[0].__class__(3.0, 4.0, "agent", "电话 13812345678")
    told = (finding("sorry-after-hold", "missed", evidence=(said,)),)
    calls.add(new_archive, [call(1, findings=told), call(2, findings=told), call(3, findings=told)])
    heard = figures.moments(new_archive, WEEKS[0], ["sorry-after-hold"], Asked(), Viewer("admin"))["sorry-after-hold"]
    assert [moment.began and moment.began.minute for moment in heard] == [3, 2]
    assert (heard[0].at, heard[0].said) == (3.0, "电话 138••••5678")


def test_counting_again_is_for_the_week_that_changed_only(new_archive: Archive) -> None:
    calls.add(new_archive, [call(1), call(2, began=datetime(2026, 11, 4, 9, tzinfo=UTC))])
    counted(new_archive)
    with new_archive.begin() as session:
        tallies.changed(session, [datetime(2026, 11, 5)])
    assert tallies._missing(new_archive, WEEKS) == [WEEKS[1]]
