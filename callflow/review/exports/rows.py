"""The tables of findings and of scores: which columns, and a row for each. Masked unless ``reveal``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callflow.archive import extracts
from callflow.archive.extracts import Decided, KeptCall, KeptFinding, Wanted
from callflow.archive.masking import masked
from callflow.archive.store import Archive
from callflow.call.reasons import REASONS
from callflow.review import known, words
from callflow.review.exports.cells import Cell, local
from callflow.review.scorecard import moment
from callflow.review.scored import Chosen, Outcome, finding_of, outcome_of
from callflow.texts import Text, text


@dataclass(frozen=True, slots=True)
class Column:
    """``name``: as the JSON API calls it; ``width`` in characters."""

    name: str
    title: Text
    width: int = 12


CALL = (
    Column("call", text("call", "通话编号"), 9),
    Column("began", text("began", "开始时间"), 17),
    Column("agent", text("agent", "坐席工号"), 10),
    Column("agent_name", text("agent's name", "坐席姓名"), 12),
    Column("team", text("team", "班组")),
    Column("queue", text("queue", "队列")),
    Column("direction", text("direction", "方向"), 10),
    Column("customer", text("customer", "客户"), 14),
    Column("minutes", text("minutes", "时长（分）"), 9),
    Column("recording", text("recording", "录音"), 24),
)
FINDING = (
    Column("rule", text("rule", "规则"), 22),
    Column("title", text("what", "内容"), 36),
    Column("group", text("group", "分组"), 18),
    Column("severity", text("severity", "程度"), 9),
    Column("standing", text("verdict that stands", "现判定")),
    Column("verdict", text("engine's verdict", "引擎判定")),
    Column("disputed", text("disputed", "有异议"), 9),
    Column("at", text("at (s)", "时刻（秒）"), 9),
    Column("clock", text("at", "时刻"), 9),
    Column("speaker", text("speaker", "说话人"), 9),
    Column("said", text("words as heard", "所说的话"), 36),
    Column("clauses", text("clauses", "条款"), 22),
    Column("reason", text("reason", "原因"), 28),
    Column("decided", text("decided by", "裁定人")),
    Column("decided_at", text("decided at", "裁定时间"), 17),
    Column("note", text("note", "备注"), 30),
    Column("flow", text("flow", "流程")),
    Column("version", text("version of the flow", "流程版本")),
)
SCORE = (
    Column("score", text("score", "得分"), 9),
    Column("engine_score", text("engine's score", "引擎得分"), 9),
    Column("fatal", text("fatal items", "致命项"), 20),
    Column("met", words.VERDICTS["met"], 8),
    Column("faults", text("faults", "问题"), 8),
    Column("severe", text("severe faults", "严重问题"), 9),
    Column("not_assessed", words.VERDICTS["not_assessed"], 8),
    Column("disputed", text("disputed", "有异议"), 8),
    Column("flow", text("flow", "流程")),
    Column("version", text("version of the flow", "流程版本")),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table to write: its columns and its rows, which are made as they are asked for."""

    columns: tuple[Column, ...]
    rows: Iterator[list[Cell]]


class Extract:
    """Makes the tables of the calls that are ``wanted``; or only of some of them, whose ``ids`` these are.

    ``for_programs``: the direction of a call as it is kept, ``inbound`` or ``outbound``, and in no language.
    """

    def __init__(
        self,
        archive: Archive,
        wanted: Wanted,
        language: str,
        reveal: bool = False,
        ids: Sequence[int] | None = None,
        for_programs: bool = False,
    ) -> None:
        self._archive, self._wanted = archive, wanted
        self._ids, self._directions = ids, {} if for_programs else words.DIRECTIONS
        self._language, self._reveal = language, reveal

    def findings(self, only_faults: bool = False) -> Table:
        """A row for each finding, by call; or for those alone by which something is missed or violated."""
        return Table((*CALL, *FINDING), self._finding_rows(only_faults))

    def scores(self, chosen: Chosen = lambda flow: None) -> Table:
        """A row for each call, with the share of every group in per cent; ``chosen``: by which scorecard."""
        ids = self._chosen()
        groups: dict[str, Text] = {}
        for call in extracts.calls(self._archive, ids):
            card, titles = chosen(call.flow), known.group_titles(call.rules)
            for name in card.groups if card else call.groups:
                groups.setdefault(name, card.groups[name].title if card else titles.get(name, Text(name, name)))
        shares = tuple(
            Column(f"group_{name}", Text(f"{title.en} (%)", f"{title.zh}（%）"), 10) for name, title in groups.items()
        )
        return Table((*CALL, *SCORE, *shares), self._score_rows(ids, tuple(groups), chosen))

    # ---------------------------------------------------------------------------------------------- rows

    def _chosen(self) -> Sequence[int]:
        return extracts.chosen(self._archive, self._wanted) if self._ids is None else self._ids

    def _finding_rows(self, only_faults: bool) -> Iterator[list[Cell]]:
        for ids in _portions(self._chosen()):
            all_ = extracts.decided(self._archive, ids=ids, reveal=self._reveal)
            decided = {one.finding: one for one in all_ if one.role != "agent"}
            for call, findings in with_findings(self._archive, ids, self._reveal, only_faults):
                head = self._call(call)
                titles = known.group_titles(call.rules)
                for finding in findings:
                    yield [*head, *self._finding(call, finding, titles, decided.get(finding.id))]

    def _call(self, call: KeptCall) -> list[Cell]:
        return [
            call.id, local(call.began), call.agent, call.agent_name, call.team, call.queue,
            self._in(self._directions.get(call.direction, Text(call.direction, call.direction))),
            call.customer, round(call.duration / 60, 2), Path(call.path).name,
        ]  # fmt: skip

    def _finding(
        self, call: KeptCall, one: KeptFinding, groups: Mapping[str, Text], decision: Decided | None
    ) -> list[Cell]:
        at, evidence = moment(finding_of(one)), one.evidence[0] if one.evidence else {}
        speaker = str(evidence.get("speaker") or "")
        return [
            one.rule,
            self._in(known.title_of(call.rules, one.rule)),
            self._in(groups.get(one.group, Text(one.group, one.group))),
            self._in(words.SEVERITIES[one.severity]),
            self._in(words.VERDICTS[one.standing]),
            self._in(words.VERDICTS[one.verdict]),
            self._in(text("yes", "是")) if one.disputed else "",
            None if at is None else round(at, 1),
            "" if at is None else words.clock(at),
            self._in(words.SPEAKERS[speaker]) if speaker in words.SPEAKERS else "",
            self._shown(" / ".join(filter(None, (str(seen.get("said", "")) for seen in one.evidence)))),
            " ".join(one.refs),
            self._in(REASONS.get(one.reason, Text(one.reason, one.reason))),
            decision.user if decision else "",
            local(decision.when) if decision else None,
            decision.note if decision else "",
            call.flow,
            call.version[:12],
        ]

    def _score_rows(self, ids: Sequence[int], groups: Sequence[str], chosen: Chosen) -> Iterator[list[Cell]]:
        for one in outcomes(self._archive, ids, chosen, self._reveal):
            call = one.call
            row: list[Cell] = [
                *self._call(call), _rounded(one.total), _rounded(call.score), " ".join(one.fatal), call.met,
                call.faults, call.severe, call.not_assessed, call.disputed, call.flow, call.version[:12],
            ]  # fmt: skip
            yield row + [_percent(one.share(name)) for name in groups]

    def _shown(self, said: str) -> str:
        return said if self._reveal else masked(said)

    def _in(self, message: Text) -> str:
        return message.in_(self._language)


def with_findings(
    archive: Archive, ids: Sequence[int], reveal: bool = False, only_faults: bool = False
) -> Iterator[tuple[KeptCall, list[KeptFinding]]]:
    """Calls with their findings, portion by portion; see ``extracts``."""
    for portion in _portions(ids):
        findings = extracts.findings(archive, portion, reveal=reveal, only_faults=only_faults)
        for call in extracts.calls(archive, portion, reveal=reveal):
            yield call, findings[call.id]


def outcomes(archive: Archive, ids: Sequence[int], chosen: Chosen, reveal: bool = False) -> Iterator[Outcome]:
    """The calls' scores by the verdicts that stand, by ``chosen`` scorecards, portion by portion.

    Findings are read of those calls only whose kept score and groups are not what is asked for.
    """
    for portion in _portions(ids):
        changed = extracts.changed(archive, portion)
        calls = list(extracts.calls(archive, portion, reveal=reveal))
        cards = {flow: chosen(flow) for flow in {call.flow for call in calls}}
        asked = [call.id for call in calls if cards[call.flow] is not None or call.id in changed]
        findings = extracts.findings(archive, asked) if asked else {}
        for call in calls:
            yield outcome_of(call, findings.get(call.id), cards[call.flow])


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + extracts.PORTION] for start in range(0, len(ids), extracts.PORTION))


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _rounded(points: float | None) -> float | None:
    return None if points is None else round(points, 2)
