"""Calls go into the archive, whole or not at all and never twice, and their journals come out."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from callflow import pairing
from callflow.archive import said, standing, tallies
from callflow.archive.standing import WITHDRAWN, Rescore
from callflow.archive.store import Archive
from callflow.archive.tables import (
    Agent,
    Call,
    Decision,
    FlowVersion,
    Said,
    StoredField,
    StoredFinding,
    StoredJournal,
    Team,
)
from callflow.errors import ArchiveError
from callflow.events import FieldValue, Finding, Score
from callflow.texts import Text, text

T = TypeVar("T")
AT_ONCE = 5_000
"""Keys that one question to the database may have."""


@dataclass(frozen=True, slots=True)
class NewFlow:
    """The flow that a call was judged with. ``digest``, ``rules``: see ``tables.FlowVersion``."""

    name: str
    digest: str
    files: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall:
    """One call as it goes into the archive; with ``status`` ``failed`` a file that is none, and ``reason`` says why.

    ``key``: what makes it the same call when it comes again. ``source``, ``source_sha256`` and ``stamp``: of the file
    that was judged, see ``tables.Call``; where that is ``path`` they can be left out. ``began``: with a zone, or taken
    for UTC. ``text``: what was said, a line for each utterance; ``sounds``: the same lines as toneless syllables with a
    space between.
    ``peaks``: its loudness over time, which is kept beside the archive and not in it, under the hash and
    ``agent_channel`` (``left`` or ``right``).
    """

    key: str
    path: str
    sha256: str = ""
    source: str = ""
    source_sha256: str = ""
    stamp: str = ""
    status: Literal["done", "failed"] = "done"
    reason: Text | None = None
    agent: str = ""
    agent_name: str = ""
    team: str = ""
    queue: str = ""
    direction: str = ""
    customer: str = ""
    began: datetime | None = None
    duration: float = 0.0
    separate: bool = True
    engine: str = ""
    flow: NewFlow | None = None
    journal: bytes = b""
    findings: Sequence[Finding] = ()
    score: Score | None = None
    fields: Sequence[FieldValue] = ()
    text: str = ""
    sounds: str = ""
    peaks: bytes = b""
    agent_channel: str = "left"


def add(
    archive: Archive, calls: Sequence[NewCall], *, again: bool = False, rescore: Rescore | None = None
) -> list[int]:
    """Archive ``calls`` in one transaction and return their ids, in the same order.

    A call whose key is there already is left as it is. With ``again`` it takes the new judgement, and of what is known
    of it besides (agent, queue, time ...) what is told anew; what was decided about a finding stays with the finding of
    the same rule at about the same moment, and ``rescore`` makes the score of it.
    """
    new = {call.key: call for call in calls}
    if not new:
        return []
    with archive.begin() as session:
        there = _ids(session, Call.key, Call.id, new)
        ids = Names(session, [call for key, call in new.items() if again or key not in there])
        rows = [_call_row(new[key], ids) for key in sorted(new) if key not in there]
        added = _insert(session, Call, rows, Call.key)
        _put_details(session, [(number, new[key]) for key, number in added.items()])
        if len(added) < len(rows):  # another process was quicker
            there = {key: n for key, n in _ids(session, Call.key, Call.id, new).items() if key not in added}
        before: list[datetime | None] = []
        if again:
            for key, number in sorted(there.items()):
                before.append(_judge_again(session, number, new[key], ids, rescore))
        tallies.changed(session, [*before, *(utc(call.began) for call in new.values())])
        if ids.moved:
            tallies.all_changed(session)
        return [(there | added)[call.key] for call in calls]


def known(archive: Archive, keys: Iterable[str], *, failed: bool = True) -> set[str]:
    """Which of ``keys`` are archived; with ``failed`` false, only those of calls that were judged."""
    with archive.read() as session:
        wanted = () if failed else (Call.status == "done",)
        return set(_ids(session, Call.key, Call.id, keys, *wanted))


def stamped(archive: Archive, stamps: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Which of ``stamps`` files in the archive have, with the status of these, ``done`` or ``failed``, and the key."""
    with archive.read() as session:
        found: dict[str, tuple[str, str]] = {}
        for start in range(0, len(stamps), AT_ONCE):
            wanted = Call.stamp.in_(stamps[start : start + AT_ONCE])
            rows = session.execute(sa.select(Call.stamp, Call.status, Call.key).where(wanted))
            found |= {stamp: (status, key) for stamp, status, key in rows}
        return found


def stamp_anew(archive: Archive, stamps: Sequence[tuple[str, str, str]]) -> None:
    """New stamps: key of the call, path of the file, stamp. A call that came by another file keeps its own."""
    for start in range(0, len(stamps), AT_ONCE):
        new = {(key, _plain(path)): stamp for key, path, stamp in stamps[start : start + AT_ONCE]}
        with archive.begin() as session:
            wanted = sa.select(Call).where(Call.key.in_({key for key, _ in new})).order_by(Call.key).with_for_update()
            for call in session.scalars(wanted):
                call.stamp = new.get((call.key, call.source), call.stamp)


def journal(archive: Archive, call_id: int) -> bytes:
    """The journal of a call, byte for byte. Raises ``ArchiveError`` where there is none."""
    with archive.read() as session:
        content = session.scalar(sa.select(StoredJournal.content).where(StoredJournal.call_id == call_id))
    if content is None:
        raise ArchiveError(text("call {n} has no journal in the archive", "通话 {n} 在归档库中没有日志", n=call_id))
    return zlib.decompress(content)


# ------------------------------------------------------------------------------------------------ names and their ids


class Names:
    """The ids of teams, agents and flows that new calls name; those that are new are made.

    Everything is asked for in the same order by everybody, so that two who write at once never wait for each other.
    """

    def __init__(self, session: Session, calls: Sequence[NewCall]) -> None:
        self._session = session
        self.moved = False
        """whether an agent went to another team"""
        self.teams = self._made(
            Team, Team.name, {short_name(c.team): {"name": short_name(c.team)} for c in calls if c.team}
        )
        agents = {short_name(c.agent) for c in calls if c.agent}
        rows = {code: {"code": code, "name": "", "team_id": None} for code in agents}
        self.agents = self._made(Agent, Agent.code, rows)
        self._tell_of_agents(calls)
        flows = {c.flow.digest: c.flow for c in calls if c.flow}
        now = _now()
        self.flows = self._made(
            FlowVersion,
            FlowVersion.digest,
            {
                digest: {
                    "name": short_name(flow.name),
                    "digest": digest,
                    "files": dict(flow.files),
                    "rules": dict(flow.rules),
                    "first_used": now,
                }
                for digest, flow in flows.items()
            },
        )

    def _made(
        self, table: type[Any], key: InstrumentedAttribute[str], rows: Mapping[str, dict[str, Any]]
    ) -> dict[str, int]:
        there = _ids(self._session, key, table.id, rows)
        missing = [rows[name] for name in sorted(rows) if name not in there]
        if missing:
            _insert(self._session, table, missing, key)
            there = _ids(self._session, key, table.id, rows)
        return there

    def _tell_of_agents(self, calls: Sequence[NewCall]) -> None:
        """An agent's name and team are those that the newest call tells; nothing told changes nothing.

        Supervisors see all calls of who is in their team: an old recording must not take an agent to another one.
        """
        ids = list(self.agents.values())
        newest = sa.select(Call.agent_id, sa.func.max(Call.began)).where(Call.agent_id.in_(ids)).group_by(Call.agent_id)
        before = {number: began or datetime.min for number, began in self._session.execute(newest)}
        agents = self._session.scalars(sa.select(Agent).where(Agent.id.in_(ids)).order_by(Agent.code))
        by_code = {agent.code: agent for agent in agents}
        teams = {code: agent.team_id for code, agent in by_code.items()}
        for call in sorted((one for one in calls if one.agent), key=age):
            agent = by_code[short_name(call.agent)]
            is_newest = age(call)[0] >= before.get(agent.id, datetime.min)
            if call.team and (is_newest or agent.team_id is None):
                agent.team_id = self.teams[short_name(call.team)]
            if call.agent_name and (is_newest or not agent.name):
                agent.name = short_name(call.agent_name)
        self.moved = any(agent.team_id != teams[code] for code, agent in by_code.items())


def _ids(
    session: Session,
    key: InstrumentedAttribute[str],
    number: InstrumentedAttribute[T],
    names: Iterable[str],
    *wanted: sa.ColumnElement[bool],
) -> dict[str, T]:
    found: dict[str, T] = {}
    asked = list(names)
    for start in range(0, len(asked), AT_ONCE):
        portion = asked[start : start + AT_ONCE]
        found.update(session.execute(sa.select(key, number).where(key.in_(portion), *wanted)).all())
    return found


def _insert(
    session: Session, table: type[Any], rows: Sequence[dict[str, Any]], key: InstrumentedAttribute[str]
) -> dict[str, int]:
    """Insert what is not there yet; returns the ids of what was new, by key."""
    added: dict[str, int] = {}
    make = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    for start in range(0, len(rows), AT_ONCE // 10):
        portion = list(rows[start : start + AT_ONCE // 10])
        statement = make(table).values(portion).on_conflict_do_nothing(index_elements=[key])
        added.update(session.execute(statement.returning(key, table.id)).all())
    return added


# ------------------------------------------------------------------------------------------------ one call


def told(call: NewCall, ids: Names) -> dict[str, Any]:
    """What people tell of a call, which nothing that is heard in it replaces; untold is ``None`` or empty."""
    return {
        "agent_id": ids.agents[short_name(call.agent)] if call.agent else None,
        "queue": short_name(call.queue),
        "direction": call.direction[:10],
        "customer": short_name(call.customer),
        "began": utc(call.began),
    }


def _call_row(call: NewCall, ids: Names) -> dict[str, Any]:
    total = call.score.total if call.score else None
    return {
        "key": call.key,
        "path": _plain(call.path),
        "sha256": call.sha256,
        "source": _plain(call.source or call.path),
        "source_sha256": call.source_sha256 or call.sha256,
        "stamp": call.stamp,
        "status": call.status,
        "reason": call.reason.both() if call.reason else sa.null(),
        **told(call, ids),
        "duration": call.duration,
        "separate": call.separate,
        "engine": short_name(call.engine),
        "flow_id": ids.flows[call.flow.digest] if call.flow else None,
        "score": total,
        "judged": total,
        "groups": {name: asdict(group) for name, group in call.score.groups.items()} if call.score else sa.null(),
        **standing.counts((finding.verdict, finding.severity) for finding in call.findings),
        "added": _now(),
    }


def _put_details(session: Session, calls: Sequence[tuple[int, NewCall]]) -> None:
    """Everything that hangs on calls which are new."""
    findings = [standing.row(i, n, finding) for i, call in calls for n, finding in enumerate(call.findings)]
    _put(session, StoredFinding, findings)
    _put_contents(session, calls)


def _put_contents(session: Session, calls: Sequence[tuple[int, NewCall]]) -> None:
    journals = [
        {"call_id": i, "sha256": hashlib.sha256(call.journal).hexdigest(), "content": zlib.compress(call.journal)}
        for i, call in calls
        if call.journal
    ]
    _put(session, StoredJournal, journals)
    fields = [
        {"call_id": i, "name": short_name(one.name), "value": _plain(one.value), "stage": one.stage}
        for i, call in calls
        for one in call.fields
    ]
    _put(session, StoredField, fields)
    spoken = [(i, _plain(call.text), _plain(call.sounds)) for i, call in calls if call.text or call.sounds]
    said.put(session, [Said(call_id=i, text=words, sounds=sounds) for i, words, sounds in spoken])


def _put(session: Session, table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(sa.insert(table), rows)


def _judge_again(session: Session, call_id: int, new: NewCall, ids: Names, rescore: Rescore | None) -> datetime | None:
    """Returns when the call was thought to have begun until now."""
    call = session.get_one(Call, call_id, with_for_update=True)
    began, anew = call.began, told(new, ids)
    for name, value in _call_row(new, ids).items():
        if name not in ("key", "added") and (name not in anew or value):
            setattr(call, name, value)
    session.flush()
    for table in (StoredJournal, StoredField):
        session.execute(sa.delete(table).where(table.call_id == call_id))
    said.take_out(session, [call_id])
    _put_contents(session, [(call_id, new)])
    _exchange_findings(session, call_id, new.findings)
    standing.refresh(session, session.get_one(Call, call_id), rescore)
    return began


def _exchange_findings(session: Session, call_id: int, findings: Sequence[Finding]) -> None:
    """New findings for old ones: one takes the place of its partner (see ``pairing``), with what was decided about it.

    An old one that has no successor goes, unless somebody decided about it: then it stays, withdrawn.
    """
    old = session.scalars(sa.select(StoredFinding).where(StoredFinding.call_id == call_id)).all()
    decided = set(session.scalars(sa.select(Decision.finding_id).where(Decision.finding_id.in_(o.id for o in old))))
    for place, stored in enumerate(old):
        stored.number = -1 - place  # out of the way of the new numbers
    session.flush()
    partners = _partners(old, findings)
    fresh: list[dict[str, Any]] = []
    for number, finding in enumerate(findings):
        row = standing.row(call_id, number, finding)
        if number not in partners:
            fresh.append(row)
            continue
        stored = partners[number]
        for name, value in row.items():
            setattr(stored, name, value)
        if stored.id in decided:
            session.flush()
            standing.rule_on(session, stored)
    number = len(findings)
    for stored in (one for one in old if one.number < 0):
        if stored.id in decided:
            stored.standing, stored.disputed, stored.number = WITHDRAWN, False, number
            number += 1
        else:
            session.delete(stored)
    session.flush()
    _put(session, StoredFinding, fresh)


def _partners(old: Sequence[StoredFinding], new: Sequence[Finding]) -> dict[int, StoredFinding]:
    """The old finding that each new one is about the same thing as, by the new one's place."""
    found: dict[int, StoredFinding] = {}
    for rule in {one.rule for one in old}:
        ours = [stored for stored in old if stored.rule == rule]
        places = [place for place, finding in enumerate(new) if finding.rule[:200] == rule]
        was = [pairing.placed(standing.finding(stored)) for stored in ours]
        for i, j in pairing.pairs(was, [pairing.placed(new[place]) for place in places]):
            found[places[j]] = ours[i]
    return found


# ------------------------------------------------------------------------------------------------ plain values


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def age(call: NewCall) -> tuple[datetime, str]:
    """To sort calls by, never two alike; one of which nobody knows when it was is older than all."""
    return utc(call.began) or datetime.min, call.key


def utc(when: datetime | None) -> datetime | None:
    return when.astimezone(UTC).replace(tzinfo=None) if when and when.tzinfo else when


def _plain(words: str) -> str:
    """``words`` as every database takes them: no zero bytes, no halves of surrogate pairs."""
    return words.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def short_name(words: str) -> str:
    return _plain(words)[:200]
