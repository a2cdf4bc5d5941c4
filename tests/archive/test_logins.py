"""Users, their passwords and logins, attacked."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from archive_samples import call
from argon2 import PasswordHasher

from callflow.archive import audit, calls, decisions, logins, machines, users
from callflow.archive.logins import LoginRefused, log_in, log_out, logged_in
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Audit, Login, StoredFinding, Team, User
from callflow.archive.viewers import Viewer
from callflow.errors import ArchiveError

PASSWORD = "a sentence to remember"
START = datetime(2026, 11, 29, 9)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as always, but with a hundredth of the work: there are many logins in these tests."""
    hasher = PasswordHasher(time_cost=1, memory_cost=512, parallelism=1)
    monkeypatch.setattr(users, "passwords", lambda: hasher)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def anna(archive: Archive) -> User:
    return users.add(archive, "anna", PASSWORD, "admin", by="root")


def test_passwords_are_kept_as_argon2_hashes(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    users.add(archive, "anna", PASSWORD, "admin")
    with archive.read() as session:
        kept = session.scalars(sa.select(User.password)).one()
    assert kept.startswith("$argon2id$v=19$m=65536,")
    assert PASSWORD not in kept


def test_a_login_is_good_until_it_ends(archive: Archive, anna: User, clock: Clock) -> None:
    token = log_in(archive, "anna", PASSWORD, "10.0.0.1", clock)
    for _ in range(14):
        clock.wait(minutes=50)
        user = logged_in(archive, token, clock)
        assert user is not None
        assert user.name == "anna"
    clock.wait(minutes=50)
    assert logged_in(archive, token, clock) is None, "twelve hours are over"


def test_an_idle_login_ends(archive: Archive, anna: User, clock: Clock) -> None:
    token = log_in(archive, "anna", PASSWORD, now=clock)
    clock.wait(minutes=61)
    assert logged_in(archive, token, clock) is None
    log_in(archive, "anna", PASSWORD, now=clock)
    with archive.read() as session:
        assert session.scalar(sa.select(sa.func.count(Login.token))) == 1, "what has ended is cleared away"


def test_a_page_does_not_wait_for_whoever_writes_to_note_that_it_was_used(
    archive: Archive, anna: User, clock: Clock
) -> None:
    token = log_in(archive, "anna", PASSWORD, now=clock)
    clock.wait(minutes=40)
    with archive.begin() as session:
        session.execute(sa.update(Login).values(ends=Login.ends))
        assert logged_in(archive, token, clock) is not None
    assert logged_in(archive, token, clock) is not None
    clock.wait(minutes=40)
    assert logged_in(archive, token, clock) is not None, "the second page has noted it"


def test_logging_out_ends_it(archive: Archive, anna: User) -> None:
    token = log_in(archive, "anna", PASSWORD)
    other = log_in(archive, "anna", PASSWORD)
    log_out(archive, token)
    assert logged_in(archive, token) is None
    assert logged_in(archive, other) is not None


def test_tokens_are_not_kept(archive: Archive, anna: User) -> None:
    token = log_in(archive, "anna", PASSWORD)
    with archive.read() as session:
        kept = session.scalars(sa.select(Login.token)).one()
    assert token not in kept
    assert logged_in(archive, kept) is None
    for wrong in ("", "x", token[:-1], token + "x", "\ud800", "' OR 1=1 --"):
        assert logged_in(archive, wrong) is None


def test_who_is_disabled_is_out_at_once(archive: Archive, anna: User) -> None:
    token = log_in(archive, "anna", PASSWORD)
    users.set_active(archive, "anna", False, "root")
    assert logged_in(archive, token) is None
    with pytest.raises(LoginRefused, match="name or password are wrong"):
        log_in(archive, "anna", PASSWORD)
    users.set_active(archive, "anna", True, "root")
    assert logged_in(archive, token) is None, "the old login stays ended"
    assert log_in(archive, "anna", PASSWORD)


def test_a_new_password_ends_all_logins(archive: Archive, anna: User) -> None:
    token = log_in(archive, "anna", PASSWORD)
    users.set_password(archive, "anna", "another sentence")
    assert logged_in(archive, token) is None
    with pytest.raises(LoginRefused):
        log_in(archive, "anna", PASSWORD)
    assert log_in(archive, "anna", "another sentence")


def wrong(archive: Archive, clock: Clock, name: str = "anna", address: str = "10.0.0.1") -> LoginRefused:
    with pytest.raises(LoginRefused) as refused:
        log_in(archive, name, "wrong password", address, clock)
    return refused.value


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong passwords are told without hashing, where many are tried."""
    monkeypatch.setattr(users, "password_fits", lambda user, password: user is not None and password == PASSWORD)


@pytest.mark.usefixtures("quick_hashes")
def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(archive: Archive, anna: User, clock: Clock) -> None:
    for _ in range(logins.TRIES):
        assert wrong(archive, clock).wait == 0
        clock.wait(seconds=30)
    with pytest.raises(LoginRefused, match="too many") as refused:
        log_in(archive, "anna", PASSWORD, "10.0.0.1", clock)
    assert refused.value.wait == 15 * 60 - logins.TRIES * 30
    assert log_in(archive, "anna", PASSWORD, "10.0.0.2", clock), "who tries elsewhere does not lock her out here"
    clock.wait(minutes=15)
    assert log_in(archive, "anna", PASSWORD, "10.0.0.1", clock)
    for _ in range(logins.TRIES - 1):
        wrong(archive, clock)
    assert log_in(archive, "anna", PASSWORD, "10.0.0.1", clock)
    assert wrong(archive, clock).wait == 0, "the right password forgives the wrong ones before"


def test_a_new_password_lets_in_who_was_locked_out(archive: Archive, anna: User) -> None:
    users.add(archive, "bob", PASSWORD, "admin")
    for name in ("anna", "bob"):
        for _ in range(logins.TRIES):
            with pytest.raises(LoginRefused):
                log_in(archive, name, "wrong password", "10.0.0.1")
    users.set_password(archive, "anna", "another sentence")
    assert log_in(archive, "anna", "another sentence", "10.0.0.1")
    with pytest.raises(LoginRefused, match="too many"):
        log_in(archive, "bob", PASSWORD, "10.0.0.1")


@pytest.mark.usefixtures("quick_hashes")
def test_trying_many_names_from_one_address(archive: Archive, anna: User, clock: Clock) -> None:
    for number in range(logins.TRIES_OF_ADDRESS):
        assert wrong(archive, clock, f"user{number}").wait == 0
    assert wrong(archive, clock, "anna").wait > 0


@pytest.mark.usefixtures("quick_hashes")
def test_strangers_lock_nobody_out_who_has_come_from_that_address_of_late(
    archive: Archive, anna: User, clock: Clock
) -> None:
    """A house, or a proxy, has one address for all."""
    log_in(archive, "anna", PASSWORD, "10.0.0.1", clock)
    clock.wait(days=3)
    for number in range(logins.TRIES_OF_ADDRESS):
        assert wrong(archive, clock, f"stranger {number}").wait == 0
    assert wrong(archive, clock, "another stranger").wait > 0
    assert log_in(archive, "anna", PASSWORD, "10.0.0.1", clock)
    clock.wait(seconds=1)
    for _ in range(logins.TRIES):
        assert wrong(archive, clock).wait == 0
    assert wrong(archive, clock).wait > 0, "whose own name is guessed still has to wait"
    clock.wait(days=40)
    for number in range(logins.TRIES_OF_ADDRESS):
        wrong(archive, clock, f"stranger {number}")
    assert wrong(archive, clock).wait > 0, "that was long ago"


def test_trying_one_name_from_many_addresses(archive: Archive, anna: User, clock: Clock) -> None:
    for number in range(logins.TRIES_OF_NAME):
        assert wrong(archive, clock, address=f"10.0.1.{number}").wait == 0
    assert wrong(archive, clock, address="10.0.2.1").wait > 0


@pytest.mark.usefixtures("quick_hashes")
def test_a_burst_at_once_gets_no_more_tries(archive: Archive, anna: User, clock: Clock) -> None:
    waits = []

    def attack() -> None:
        waits.append(wrong(archive, clock).wait)

    threads = [threading.Thread(target=attack) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(wait == 0 for wait in waits) == logins.TRIES


def test_what_was_tried_is_in_the_log(archive: Archive, anna: User, clock: Clock) -> None:
    wrong(archive, clock, "nobody")
    wrong(archive, clock)
    log_in(archive, "anna", PASSWORD, "10.0.0.1", clock)
    lines = [(line.user, line.action, line.address) for line in audit.read(archive)]
    assert lines == [
        ("anna", "login", "10.0.0.1"),
        ("anna", "login.failed", "10.0.0.1"),
        ("nobody", "login.failed", "10.0.0.1"),
        ("root", "user.add", ""),
    ]
    assert not [line for line in audit.read(archive) if PASSWORD in line.what]


def test_the_log_is_read_page_by_page(archive: Archive) -> None:
    for number in range(5):
        audit.note(archive, "anna", "recording", f"call {number}", "10.0.0.1")
    first = audit.read(archive, limit=3)
    rest = audit.read(archive, limit=3, before=first[-1].id)
    assert [line.what for line in (*first, *rest)] == [f"call {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"name": "  "}, "a user needs a name"),
        ({"name": "a\nb"}, "a user needs a name"),
        ({"name": "n" * 101}, "a user needs a name"),
        ({"name": "anna"}, "there is a user"),
        ({"role": "root"}, "there is no role"),
        ({"role": "agent"}, "needs an agent"),
        ({"role": "supervisor"}, "needs a team"),
        ({"password": "short"}, "a password has"),
        ({"password": "x" * 201}, "a password has"),
        ({"name": "bob the builder", "password": "bob the builder"}, "a password has"),
    ],
)
def test_users_that_cannot_be(archive: Archive, anna: User, values: dict[str, Any], why: str) -> None:
    with pytest.raises(ArchiveError, match=why):
        users.add(archive, **({"name": "bob", "password": PASSWORD, "role": "admin"} | values))
    assert [user.name for user, _, _ in users.with_names(archive)] == ["anna"]


def test_what_users_see(archive: Archive, anna: User) -> None:
    lead = users.add(archive, "lead", PASSWORD, "supervisor", team="华东")
    own = users.add(archive, "own", PASSWORD, "agent", agent="1001", team="华东")
    with archive.read() as session:
        team = session.scalar(sa.select(Team.id).where(Team.name == "华东"))
        agent = session.scalar(sa.select(Agent.id).where(Agent.code == "1001"))
    assert users.viewer(anna) == Viewer("admin")
    assert users.viewer(lead) == Viewer("supervisor", None, team)
    assert users.viewer(own) == Viewer("agent", agent, team)


def test_who_is_changed_sees_other_calls_at_once_and_who_is_removed_none(archive: Archive, anna: User) -> None:
    calls.add(archive, [call(1), call(2, agent="2002", team="华南")])
    users.add(archive, "lead", PASSWORD, "supervisor", team="华东")
    token = log_in(archive, "lead", PASSWORD)
    users.change(archive, "lead", team="华南", by="anna")
    lead = logged_in(archive, token)
    assert lead is not None
    with archive.read() as session:
        assert users.viewer(lead).team_id == session.scalar(sa.select(Team.id).where(Team.name == "华南"))
        assert set(session.scalars(sa.select(Team.name))) == {"华东", "华南"}, "teams that have calls stay"
        number = session.scalar(sa.select(StoredFinding.id).limit(1))
    assert number is not None
    users.remove(archive, "lead", "anna")
    assert logged_in(archive, token) is None
    decisions.decide(archive, number, anna, "accept")
    with pytest.raises(ArchiveError, match="has decided about findings"):
        users.remove(archive, "anna")
    assert [line.what for line in audit.read(archive)][1:3] == ["lead", "lead (team=华南)"]


def test_nobody_by_that_name(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match='there is no user "nobody"'):
        users.set_password(archive, "nobody", PASSWORD)
    with pytest.raises(ArchiveError, match='there is no user "nobody"'):
        users.set_active(archive, "nobody", False)
    with archive.read() as session:
        assert session.scalars(sa.select(Audit.id)).all() == []


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({"reveal": True}, True),
        ({"agent": "1001"}, True),
        ({"agent": "1002"}, False),
        ({"role": "supervisor", "team": "华东"}, False),
    ],
)
def test_a_token_of_the_wall_is_of_the_agent_it_was_made_for(
    archive: Archive, changes: dict[str, Any], is_good: bool
) -> None:
    users.add(archive, "own", PASSWORD, "agent", agent="1001")
    token = machines.new_token(archive, "own")
    users.change(archive, "own", **changes)
    assert (machines.machine(archive, token) is not None) is is_good
    users.change(archive, "own", role="agent", agent="1001")
    assert (machines.machine(archive, token) is not None) is is_good, "what is over does not come back"


def test_only_agents_have_a_code(archive: Archive) -> None:
    users.add(archive, "lead", PASSWORD, "supervisor", team="华东")
    for role, more in (("admin", {}), ("supervisor", {"team": "华东"})):
        with pytest.raises(ArchiveError, match="only a user with the role agent"):
            users.change(archive, "lead", role, agent="77", **more)  # type: ignore[arg-type]
