"""What people tell of calls that are archived already: taken over without judging them again."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive import calls, tallies
from callflow.archive.calls import AT_ONCE, Names, NewCall
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, StoredJournal, Team
from callflow.errors import BadJournal
from callflow.events import CallContext
from callflow.journal import inputs_of


def take_over(archive: Archive, told: Sequence[NewCall]) -> int:
    """What ``told`` says of the calls with these keys replaces what is known of them; what it leaves empty stays.

    Returns of how many calls something has changed. The rest of ``told`` is not looked at.
    """
    changed = 0
    with archive.read() as session:
        told = _of_one_team(_dated(session, told))
    for start in range(0, len(told), AT_ONCE):
        by_key = {call.key: call for call in told[start : start + AT_ONCE]}
        with archive.read() as session:
            news = _news(session, by_key)
        if news:
            with archive.begin() as session:
                changed += _take_over(session, news)
    return changed


def lacking(archive: Archive) -> int:
    """Calls of which nobody knows the agent or the time: in figures they are nobody's, or not at all."""
    with archive.read() as session:
        unknown = sa.or_(Call.agent_id.is_(None), Call.began.is_(None))
        return session.scalar(sa.select(sa.func.count(Call.id)).where(Call.status == "done", unknown)) or 0


def only_heard(archive: Archive, key: str) -> bool:
    """Whether an archived call was judged from its sound alone, without events of the telephone system.

    Of one whose journal is missing or cannot be read nobody knows: it is not said to be."""
    journal = sa.select(StoredJournal.content).join(Call, Call.id == StoredJournal.call_id)
    with archive.read() as session:
        content = session.scalar(journal.where(Call.key == key, Call.status == "done"))
    if content is None:
        return False
    with suppress(BadJournal, zlib.error):
        contexts = (event for event in inputs_of(zlib.decompress(content), key) if isinstance(event, CallContext))
        return next((context.telephony == "sound" for context in contexts), False)
    return False


def _dated(session: Session, told: Sequence[NewCall]) -> list[NewCall]:
    """``told`` with what is known of when calls began, where they do not tell: by this it is seen what is newest."""
    untold = [call.key for call in told if call.agent and call.team and call.began is None]
    began: dict[str, datetime | None] = {}
    for start in range(0, len(untold), AT_ONCE):
        wanted = sa.select(Call.key, Call.began).where(Call.key.in_(untold[start : start + AT_ONCE]))
        began.update(session.execute(wanted).all())
    return [replace(call, began=call.began or began.get(call.key)) for call in told]


def _of_one_team(told: Sequence[NewCall]) -> list[NewCall]:
    """``told`` with one team for each agent, which the newest call tells, or of calls without a time always the same:
    else the agent would go there and back with every portion and every run."""
    teams: dict[str, str] = {}
    for call in sorted(told, key=calls.age):
        if call.agent and call.team:
            teams[call.agent] = call.team
    return [replace(call, team=teams[call.agent]) if call.agent and call.team else call for call in told]


def _news(session: Session, told: Mapping[str, NewCall]) -> dict[str, NewCall]:
    """Those of ``told`` that differ from what the archive knows."""
    columns = (Call.key, Agent.code, Team.name, Call.queue, Call.direction, Call.customer, Call.began)
    wanted = sa.select(*columns).select_from(Call).outerjoin(Agent, Agent.id == Call.agent_id)
    wanted = wanted.outerjoin(Team, Team.id == Agent.team_id).where(Call.key.in_(told))
    news = {}
    for key, *known in session.execute(wanted):
        call = told[key]
        said = (*map(calls.short_name, (call.agent, call.team, call.queue, call.direction, call.customer)),)
        values = (*said, calls.utc(call.began))
        if any(value and value != before for value, before in zip(values, known, strict=True)):
            news[key] = call
    return news


def _take_over(session: Session, news: Mapping[str, NewCall]) -> int:
    ids = Names(session, list(news.values()))
    changed, began = 0, list[datetime | None]()
    for call in session.scalars(sa.select(Call).where(Call.key.in_(news)).order_by(Call.key).with_for_update()):
        before = call.began
        for name, value in calls.told(news[call.key], ids).items():
            if value:
                setattr(call, name, value)
        if is_changed := session.is_modified(call):
            began += [before, call.began]
        changed += ids.moved or is_changed  # an agent who went to another team is news of each
    session.flush()
    tallies.changed(session, began)
    if ids.moved:
        tallies.all_changed(session)
    return changed
