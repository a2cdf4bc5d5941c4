"""``callflow export``: tables of findings and scores, and pages to print, out of the archive."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from callflow.archive import audit
from callflow.archive import calls as archived
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.commands import plugins
from callflow.commands.archive import at_keyboard
from callflow.commands.common import note, output, plan_of
from callflow.commands.scores import cards, number, viewer_of, wanted_of
from callflow.errors import ArchiveError, BadInput
from callflow.review import scored
from callflow.review.exports import agent_page, call_page, rows, sheets
from callflow.review.exports.cells import Cell, defused
from callflow.review.exports.months import read_month
from callflow.review.scored import Chosen
from callflow.texts import Text, counted, text
from callflow.writing import whole_or_nothing

TABLES = {
    "findings": text("Findings", "评定结果"),
    "faults": text("Faults", "问题"),
    "scores": text("Scores", "得分"),
}
FORMATS = {
    "findings": ("csv", "xlsx"),
    "faults": ("csv", "xlsx"),
    "scores": ("csv", "xlsx"),
    "agent": ("html",),
    "call": ("html",),
}

OFTEN = 10.0
"""Seconds between two lines about a large table."""


def run_export(options: argparse.Namespace, language: str) -> int:
    """Write one file, whole or not at all."""
    path = output(options.out)
    form = _format(options, path, language)
    chosen = cards(options, language)
    with Archive.open(options.archive, create=False) as archive:
        _audit(archive, options, path, language)
        if options.what == "agent":
            count = _agent(archive, options, path, chosen, language)
        elif options.what == "call":
            count = _call(archive, options, path, chosen, language)
        else:
            count = _table(archive, options, path, form, chosen, language)
    if not options.reveal:
        note(text("long numbers are masked (--reveal shows them)", "号码已隐藏（--reveal 可显示）"), language)
    note(count, language)
    return 0


def _audit(archive: Archive, options: argparse.Namespace, path: Path, language: str) -> None:
    """Note who takes what, before anything is taken.

    An archive that cannot be written can still be read, and then that is said.
    """
    asked = [
        f"{name}={value}" for name in ("agent", "month", "call", "since", "until") if (value := getattr(options, name))
    ]
    what = " ".join([path.name, *asked, *(["revealed"] if options.reveal else [])])
    try:
        audit.note(archive, at_keyboard(), f"export.{options.what}", what)
    except ArchiveError as error:
        note(Text(f"not in the audit log: {error.message.en}", f"未记入审计日志：{error.message.zh}"), language)


def _format(options: argparse.Namespace, path: Path, language: str) -> str:
    allowed = FORMATS[options.what]
    form = str(options.format or path.suffix.lower().lstrip(".") or allowed[0])
    if form in allowed or (options.what in TABLES and plugins.exporter(form, language)):
        return form
    raise BadInput(
        text("{w} cannot be written as {f}", "{w} 不能写成 {f}", w=options.what, f=form[:20]),
        text("it can be: {a}", "可用格式：{a}", a=", ".join(allowed)),
    )


def _table(archive: Archive, options: argparse.Namespace, path: Path, form: str, chosen: Chosen, language: str) -> Text:
    wanted = wanted_of(options)
    if options.call is not None:
        wanted = replace(wanted, call=number(options.call, "--call"))
    extract = rows.Extract(archive, wanted, language, options.reveal)
    scores = options.what == "scores"
    table = extract.scores(chosen) if scores else extract.findings(only_faults=options.what == "faults")
    rows_ = _told(table.rows, language)
    head = [column.title.in_(language) for column in table.columns]
    with whole_or_nothing(path) as file:
        if exporter := plugins.exporter(form, language):
            written = exporter(
                file, [str(defused(name)) for name in head], ([defused(cell) for cell in row] for row in rows_)
            )
        elif form == "csv":
            written = sheets.write_csv(file, head, rows_)
        else:
            widths = [column.width for column in table.columns]
            written = sheets.write_xlsx(file, TABLES[options.what].in_(language), head, widths, rows_)
    return text("{n:,} rows written to {p}", "已写出 {n:,} 行：{p}", n=written, p=path)


def _told(made: Iterator[list[Cell]], language: str) -> Iterator[list[Cell]]:
    """The rows; whoever sits before a terminal is told now and then how far it is, as a large table takes minutes."""
    after = time.monotonic() + OFTEN
    for count, row in enumerate(made, 1):
        if time.monotonic() > after and sys.stderr.isatty():
            note(text("{n:,} rows so far", "已写出 {n:,} 行", n=count), language)
            after = time.monotonic() + OFTEN
        yield row


def _call(archive: Archive, options: argparse.Namespace, path: Path, chosen: Chosen, language: str) -> Text:
    call_id = number(options.call, "--call")
    explained = scored.of_call(archive, call_id, chosen, reveal=options.reveal)
    plan = plan_of(explained.flow or None if options.flow is None else options.flow, language)
    journal = scored.journal_of(archived.journal(archive, call_id), call_id)
    call_page.write_call(path, journal.events, explained, plan.flow, language, options.reveal)
    return text("call {n} written to {p}", "已写出通话 {n}：{p}", n=call_id, p=path)


def _agent(archive: Archive, options: argparse.Namespace, path: Path, chosen: Chosen, language: str) -> Text:
    if not options.agent or not options.month:
        raise BadInput(
            text("which agent, and which month?", "哪位坐席，哪个月份？"),
            text("--agent CODE --month 2026-11", "请给出 --agent 工号 --month 2026-11"),
        )
    first = _month(options.month)
    month = read_month(archive, Wanted(agent=options.agent, viewer=viewer_of(options)), first, chosen)
    if month is None:
        raise BadInput(
            text('no calls of "{a}" in {m}', "{m} 没有“{a}”的通话", a=options.agent[:80], m=options.month),
            text(
                "look at the agents' codes in: callflow export --what scores",
                "可用 callflow export --what scores 查看工号",
            ),
        )
    agent_page.write_agent(path, month, language, options.reveal)
    return text(
        "{c} written to {p}",
        "已汇总 {n:,} 通通话：{p}",
        n=month.calls,
        c=counted(month.calls, "call", "calls"),
        p=path,
    )


def _month(given: str) -> datetime:
    try:
        return datetime.strptime(given, "%Y-%m")
    except ValueError as error:
        raise BadInput(
            text('--month: "{g}" is no month', "--month：“{g}”不是月份", g=given[:40]),
            text("write it as 2026-11", "请写成 2026-11"),
        ) from error
