"""What the archive keeps, as SQLAlchemy tables; the same on SQLite and PostgreSQL.

Times of day (``began``, ``when``) are UTC without a zone; seconds (``start``, ``at``, ``duration``) are on the call's
own clock. Recordings stay where they are: a call names the file and its sha256, and carries its journal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAME = String(200)


_ASKED_FOR = (
    *("agent_id", "queue", "direction", "status", "customer"),
    *("duration", "faults", "severe", "disputed", "kinds"),
)


class Base(DeclarativeBase):
    """All tables of the archive."""

    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON, list[Any]: JSON}  # noqa: RUF012 (as SQLAlchemy has it)


class Team(Base):
    """Agents whom the same supervisors look after."""

    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(NAME, unique=True)


class Agent(Base):
    """Whoever takes the calls. ``code``: the name or number that recordings carry."""

    __tablename__ = "agents"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(NAME, unique=True)
    name: Mapped[str] = mapped_column(NAME, default="")
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)


class FlowVersion(Base):
    """A flow that calls were judged with. ``digest``: sha256 over the names and hashes of its ``files``.

    ``rules``: what pages say of each rule and phrase without the flow at hand: titles, severity, group, clauses.
    """

    __tablename__ = "flow_versions"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    files: Mapped[dict[str, Any]]
    rules: Mapped[dict[str, Any]]
    first_used: Mapped[datetime]


class Call(Base):
    """One call, or one file that should have been one: then ``status`` is ``failed`` and ``reason`` says why.

    ``key`` is what makes a call the same call when a batch is run again: the sha256 of its recording, of its journal
    where there is none. ``path`` and ``sha256`` are those of the recording, else of the journal; ``source`` and
    ``source_sha256`` of the file that was judged, which may be a journal beside the recording. ``stamp`` is made of its
    path, size and time of change: a file with the same stamp need not be read again to be known.
    ``reason`` has both languages: ``{"en": …, "zh": …}``. ``score`` is 0 to 100 as the engine gave it, ``judged`` the
    score after decisions on disputed findings; both ``None`` where nothing could be assessed. ``met`` to
    ``not_assessed`` count findings by the verdict that counts, ``severe`` the faults that are severe or fatal;
    ``disputed`` counts the findings that somebody disputes and nobody has settled; ``kinds`` has a bit for each verdict
    with a severity that there is a finding of (``standing.kinds``).

    ``calls_by_time`` and ``calls_by_score`` carry all that calls are filtered and sorted by, so that a question that no
    other index answers reads nothing else.
    """

    __tablename__ = "calls"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    path: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(default="")
    source_sha256: Mapped[str] = mapped_column(String(64), default="")
    stamp: Mapped[str] = mapped_column(String(64), default="")
    status: Mapped[str] = mapped_column(String(10), default="done")
    reason: Mapped[dict[str, Any] | None]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    queue: Mapped[str] = mapped_column(NAME, default="")
    direction: Mapped[str] = mapped_column(String(10), default="")
    customer: Mapped[str] = mapped_column(NAME, default="")
    began: Mapped[datetime | None]
    duration: Mapped[float] = mapped_column(default=0.0)
    separate: Mapped[bool] = mapped_column(default=True)
    engine: Mapped[str] = mapped_column(NAME, default="")
    flow_id: Mapped[int | None] = mapped_column(ForeignKey("flow_versions.id"))
    score: Mapped[float | None]
    judged: Mapped[float | None]
    groups: Mapped[dict[str, Any] | None]
    met: Mapped[int] = mapped_column(default=0)
    faults: Mapped[int] = mapped_column(default=0)
    severe: Mapped[int] = mapped_column(default=0)
    not_assessed: Mapped[int] = mapped_column(default=0)
    disputed: Mapped[int] = mapped_column(default=0)
    kinds: Mapped[int] = mapped_column(default=0)
    added: Mapped[datetime]

    __table_args__ = (
        Index("calls_by_time", "began", "id", "judged", *_ASKED_FOR),
        Index("calls_by_score", "judged", "id", "began", *_ASKED_FOR),
        Index("calls_by_agent", "agent_id", "began"),
        Index("calls_by_customer", "customer", "began"),
        Index("calls_by_stamp", "stamp"),
        Index("calls_disputed", "id", sqlite_where=text("disputed > 0"), postgresql_where=text("disputed > 0")),
        Index("calls_failed", "id", sqlite_where=text("status = 'failed'"), postgresql_where=text("status = 'failed'")),
        {"sqlite_autoincrement": True},  # the audit log names calls: what was purged must not come back as another
    )


class StoredJournal(Base):
    """The journal of a call, byte for byte, compressed with zlib. ``sha256``: of what it says."""

    __tablename__ = "journals"
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class StoredFinding(Base):
    """One finding of a call. ``number`` is its place among the call's findings; ``evidence`` as in the event.

    ``standing`` is the verdict that counts: the engine's, or what the latest decision of a supervisor made of it.
    ``withdrawn`` stands where a later judging no longer found what somebody had already decided about.
    """

    __tablename__ = "findings"
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    number: Mapped[int]
    rule: Mapped[str] = mapped_column(NAME)
    verdict: Mapped[str] = mapped_column(String(12))
    standing: Mapped[str] = mapped_column(String(12))
    severity: Mapped[str] = mapped_column(String(8))
    group: Mapped[str] = mapped_column(NAME, default="")
    cause: Mapped[str] = mapped_column(NAME, default="")
    refs: Mapped[list[str]]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[float]
    evidence: Mapped[list[Any]]
    disputed: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        UniqueConstraint("call_id", "number"),
        Index("findings_by_rule", "rule", "standing", "severity", "call_id"),
    )


class StoredField(Base):
    """A field of the order as it stood at the end of the call."""

    __tablename__ = "fields"
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(NAME)
    value: Mapped[str]
    stage: Mapped[str] = mapped_column(String(12))


class Said(Base):
    """What was said in a call, a line for each utterance, for searching and showing.

    ``sounds``: the same lines as toneless syllables with a space between. What is searched is ``said_index`` (see
    ``words``), which each database has in its own way and which is made from these lines.
    """

    __tablename__ = "said"
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str]
    sounds: Mapped[str]


class Decision(Base):
    """What somebody decided about a finding. Decisions are only ever added; the latest of a supervisor counts.

    ``kind``: ``accept``, ``dispute`` or ``correct``; ``verdict``: what it should have been, with ``correct``;
    ``engine``: the engine's verdict that it was decided about, which a later judging may have changed.
    """

    __tablename__ = "decisions"
    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(8))
    verdict: Mapped[str] = mapped_column(String(12), default="")
    engine: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(default="")
    when: Mapped[datetime]


class User(Base):
    """Who may log in. ``role``: ``agent`` (own calls), ``supervisor`` (the team's), ``admin`` (all).

    ``password``: an argon2 hash. ``reveal``: may see numbers that pages and exports mask for others.
    """

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(NAME, unique=True)
    role: Mapped[str] = mapped_column(String(10))
    password: Mapped[str]
    reveal: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    language: Mapped[str] = mapped_column(String(2), default="zh")


class Login(Base):
    """A login. ``token``: sha256 of what the cookie says; it ends at ``ends`` or after too long without use."""

    __tablename__ = "sessions"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    began: Mapped[datetime]
    used: Mapped[datetime]
    ends: Mapped[datetime]


class Tally(Base):
    """How often a rule came out how in a week, of one team's calls in one queue by one flow: pages add these up.

    ``start``: when the week begins. ``team_id`` 0: agents without a team; ``flow_id`` 0: calls without a flow; ``rule``
    "": the calls themselves. See ``archive.tallies``.
    """

    __tablename__ = "tallies"
    start: Mapped[datetime] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    queue: Mapped[str] = mapped_column(NAME, primary_key=True)
    flow_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rule: Mapped[str] = mapped_column(NAME, primary_key=True)
    met: Mapped[int]
    missed: Mapped[int]
    violated: Mapped[int]
    not_assessed: Mapped[int]
    disputed: Mapped[int]
    wrong: Mapped[int]
    judged: Mapped[int]
    touched: Mapped[int]


class Tallied(Base):
    """A week whose ``Tally`` rows are there and right; whatever changes a call of it takes this row away."""

    __tablename__ = "tallied"
    start: Mapped[datetime] = mapped_column(primary_key=True)


class WallToken(Base):
    """By what the machine of an agent is known on the live wall. ``hashed``: sha256 of the secret part of the token."""

    __tablename__ = "wall_tokens"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    hashed: Mapped[str] = mapped_column(String(64))
    made: Mapped[datetime]


class Audit(Base):
    """Who did what: every log-in, every access to a recording, every export, decision and purge."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    when: Mapped[datetime] = mapped_column(index=True)
    user: Mapped[str] = mapped_column(NAME)
    action: Mapped[str] = mapped_column(String(40))
    what: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(String(64), default="")
