"""``callflow phrases``: what is to be said, and what never, out to a spreadsheet and back."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

from callflow import flowfiles
from callflow.commands import plugins
from callflow.commands.common import note, warn
from callflow.design.sheets import csv_file, merge, reading, xlsx
from callflow.design.sheets.phrases import SheetPhrase, phrases_of
from callflow.design.sheets.tables import Table, headings, lines_of
from callflow.errors import BadInput, BadSheet, OutputError
from callflow.problems import Problem, has_errors
from callflow.texts import refused, text
from callflow.writing import whole_or_nothing

MOST_BYTES = 20_000_000
"""Largest spreadsheet that is read."""


def run_export(options: argparse.Namespace, language: str) -> int:
    """The phrases of a flow as a workbook, or as CSV where the name ends so."""
    out = Path(options.out)
    write = _writer(out, language)
    sources = flowfiles.read_sources(options.flow)
    flow, warnings = flowfiles.parse(sources)
    warn(warnings, language)
    found = phrases_of(sources.texts)
    content = write(found, language)
    with whole_or_nothing(out) as file:
        file.write(content)
    note(text("{n} phrases of {f} in {o}", "{f} 的 {n} 条短语已写入 {o}", n=len(found), f=flow.name, o=out), language)
    return 0


def _writer(out: Path, language: str) -> Callable[[list[SheetPhrase], str], bytes]:
    """How to write a table into a file of that name."""
    form = out.suffix.lower().removeprefix(".")
    if form in plugins.TABLES:
        return csv_file.write if form == "csv" else xlsx.write
    exporter = plugins.exporter(form, language)
    if exporter is None:
        formats = plugins.formats()
        raise OutputError(
            text('"{o}": unknown kind of spreadsheet', "“{o}”：未知的表格类型", o=out),
            text("end its name with one of {k}", "文件名请以下列之一结尾：{k}", k=formats.en),
        )
    return partial(_exported, exporter)


def _exported(exporter: plugins.Exporter, phrases: list[SheetPhrase], language: str) -> bytes:
    """The phrases by the exporter of a plugin."""
    out = BytesIO()
    exporter(out, headings(None, language), lines_of(phrases, None, language))
    return out.getvalue()


def run_import(options: argparse.Namespace, language: str) -> int:
    """The phrases of a spreadsheet into the files of a flow: every change told with its cell, all made or none."""
    path = Path(options.file)
    sources = flowfiles.read_sources(options.flow)
    flow, warnings = flowfiles.parse(sources)
    warn(warnings, language)
    tables, problems = _tables(path)
    wanted, more = reading.read(tables, phrases_of(sources.texts), flow, sources.texts)
    problems += more
    if has_errors(problems):
        raise BadSheet(text('"{p}" has mistakes; nothing was changed', "“{p}”有错误；未作任何修改", p=path), problems)
    warn(problems, language)
    merged = merge.merge(wanted, sources.texts, flow.name)
    for change in merged.changes:
        print(f"{change.at}: {change.phrase} ({change.file}): {change.what.in_(language)}")
    if merged.left:
        note(
            text("{n} phrases are not in it: left as they are", "表中没有的 {n} 条短语保持不变", n=merged.left),
            language,
        )
    if not merged.changes:
        note(text("nothing to change", "没有需要修改的内容"), language)
    elif options.dry_run:
        note(text("a dry run: nothing was changed", "仅为预览：未作任何修改"), language)
    else:
        flowfiles.rewrite(sources, merged.texts)
        message = text(
            "changes: {c}, in files: {n}", "{n} 个文件，{c} 处修改", c=len(merged.changes), n=len(merged.texts)
        )
        note(message, language)
    return 0


def _tables(path: Path) -> tuple[list[Table], list[Problem]]:
    try:
        with open(path, "rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(
            text('cannot read "{p}": {w}', "无法读取“{p}”：{w}", p=path, w=refused(error)),
            text(
                "callflow phrases export makes a spreadsheet to begin with", "可先用 callflow phrases export 导出表格"
            ),
        ) from error
    if len(content) > MOST_BYTES:
        raise BadInput(text('"{p}" is too large for phrases', "“{p}”太大，不像是话术表", p=path))
    if path.suffix.lower() == ".csv" and not content.startswith(b"PK"):
        return csv_file.read(content, path.name), []
    return xlsx.read(content, path.name)
