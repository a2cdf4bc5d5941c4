"""What people tell of calls that are archived already: taken over without judging them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive import calls, tallies
from callflow.archive.calls import AT_ONCE, Names, NewCall
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, Team
from callflow.events import CallContext
from callflow.journal import inputs_of


def take_over(archive: Archive, told: Sequence[NewCall]) -> int:
    """What ``told`` says of the calls with these keys replaces what is known of them; what it leaves empty stays.

    Returns of how many calls something has changed. The rest of ``told`` is not looked at.
    """
    changed = 0
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
    """Whether an archived call was judged from its sound alone, without events of the telephone system."""
    with archive.read() as session:
        number = session.scalar(sa.select(Call.id).where(Call.key == key, Call.status == "done"))
    if number is None:
        return False
    contexts = (event for event in inputs_of(calls.journal(archive, number), key) if isinstance(event, CallContext))
    return next((context.telephony == "sound" for context in contexts), False)


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
    changed, began = 0, []
    for call in session.scalars(sa.select(Call).where(Call.key.in_(news)).order_by(Call.key).with_for_update()):
        began.append(call.began)
        for name, value in calls.told(news[call.key], ids).items():
            if value:
                setattr(call, name, value)
        began.append(call.began)
        changed += ids.moved or session.is_modified(call)  # an agent who went to another team is news of each
    session.flush()
    tallies.changed(session, began)
    if ids.moved:
        tallies.all_changed(session)
    return changed
