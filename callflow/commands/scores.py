"""``callflow score`` and ``callflow diff``: why a call has its score, and what a changed flow would say."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from callflow.archive import extracts
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.archive.viewers import EVERYTHING, Viewer
from callflow.commands.common import note, output, plan_of, warn_few, workers_of
from callflow.commands.console import Console
from callflow.errors import BadInput, needed
from callflow.journal import read_journal
from callflow.review import processes, score_table, scorecard_file, scored, whatif, whatif_table
from callflow.review.compare import Call
from callflow.review.exports import diff_page, shapes
from callflow.review.judge import flow_version
from callflow.review.progress import Progress
from callflow.review.scorecard import Scorecard
from callflow.review.scored import Chosen
from callflow.review.whatif import Kept, Run
from callflow.texts import text


def run_score(options: argparse.Namespace, language: str) -> int:
    explained = _explained(options, language)
    if options.json:
        print(json.dumps(shapes.data(shapes.score_of(explained)), ensure_ascii=False, indent=1))
        return 0
    console = Console(highlight=False)
    for line in score_table.table(explained, language, console.width):
        console.print(line, soft_wrap=True)
    return 0


def _explained(options: argparse.Namespace, language: str) -> scored.Explained:
    if options.archive is not None:
        if options.journal is not None:
            raise BadInput(
                text("a journal and --archive: name one of them", "日志与 --archive 只能给出一个"),
            )
        with Archive.open(options.archive, create=False) as archive:
            chosen = cards(options, language)
            return scored.of_call(archive, number(options.call, "--call"), chosen, reveal=options.reveal)
    if not options.journal:
        raise BadInput(
            text("which call?", "哪一通通话？"),
            text("name a journal, or --archive URL --call ID", "请给出日志，或 --archive URL --call 编号"),
        )
    journal = read_journal(Path(options.journal))
    warn_few(journal.problems, language)
    plan = plan_of(journal.header.flow or None if options.flow is None else options.flow, language)
    card = scorecard_file.load(Path(options.scorecard), plan.flow) if options.scorecard is not None else None
    name = Path(journal.header.recording or options.journal).name
    explained = scored.of_journal(journal, plan, name, card, reveal=options.reveal)
    if journal.header.files and explained.version != flow_version(plan.flow).digest:
        note(text("the flow has changed since this call was judged", "评定之后流程已有改动"), language)
    return explained


def cards(options: argparse.Namespace, language: str) -> Chosen:
    """The scorecard that was asked for, by flow; each is read once, however many calls there are."""
    return cache(partial(card_of, options, language))


def card_of(options: argparse.Namespace, language: str, flow: str) -> Scorecard | None:
    """The scorecard that was asked for, for calls of ``flow``."""
    if options.scorecard is None:
        return None
    plan = plan_of(flow or None if options.flow is None else options.flow, language)
    return scorecard_file.load(Path(options.scorecard), plan.flow)


# ------------------------------------------------------------------------------------------------ what if


def run_diff(options: argparse.Namespace, language: str) -> int:
    """1 where a call could not be judged again."""
    workers = workers_of(options.workers)
    wanted = wanted_of(options)
    html, desk = output(options.html) if options.html else None, _desk(options)
    old, new = plan_of(options.against, language), plan_of(options.flow, language)
    with Archive.open(options.archive, create=False) as archive:
        ids = _calls_of(archive, wanted, (old.flow.name, new.flow.name), language)
        progress = Progress(sys.stderr, len(ids), language)
        with progress:
            found = whatif.differences(kept(archive, ids), old, new, _runner(options.cluster, workers), progress.done)
    if html:
        diff_page.write_differences(html, found, old.flow, new.flow, desk, language)
        note(text("written to {p}", "已写出：{p}", p=html), language)
    if options.json:
        print(json.dumps(shapes.data(shapes.differences_of(found, old.flow, new.flow)), ensure_ascii=False, indent=1))
    else:
        console = Console(highlight=False)
        for line in whatif_table.table(found, old.flow, new.flow, language, console.width):
            console.print(line, soft_wrap=True)
    return 1 if found.failed else 0


def _calls_of(archive: Archive, wanted: Wanted, flows: Sequence[str], language: str) -> list[int]:
    """The calls that were judged with one of ``flows``: what others have to ask says nothing of them.

    All, where there are none: the files of a flow under another name are still the same flow.
    """
    every = extracts.chosen(archive, replace(wanted, limit=None))
    own = {number for flow in {*flows} for number in extracts.chosen(archive, replace(wanted, flow=flow, limit=None))}
    if own and len(own) < len(every):
        en, zh = "calls of other flows, left out: {n:,}", "其他流程的通话 {n:,} 通，未计入"
        note(text(en, zh, n=len(every) - len(own)), language)
        every = [number for number in every if number in own]
    return every if wanted.limit is None else every[-wanted.limit :]


def _desk(options: argparse.Namespace) -> str:
    """Where the desk is, to link to."""
    desk = str(options.desk or "")
    if desk and not options.html:
        raise BadInput(text("--desk goes with --html", "--desk 须与 --html 一起使用"))
    if desk and not re.fullmatch(r"https?://[^\s\"'<>?#]+", desk):
        raise BadInput(
            text('--desk: "{g}" is no address', "--desk：“{g}”不是网址", g=desk[:80]),
            text(
                "the one that callflow serve prints: http://HOST:8700/",
                "即 callflow serve 显示的地址：http://主机:8700/",
            ),
        )
    return desk


def kept(archive: Archive, ids: list[int]) -> Iterator[Kept]:
    """Archived calls to judge again."""
    for call in extracts.calls(archive, ids, journals=True):
        began = call.began.isoformat(sep=" ", timespec="minutes") if call.began else ""
        yield Kept(Call(call.id, call.agent_name or call.agent, began), call.journal)


def _runner(cluster: str | None, workers: int) -> Run:
    if cluster is None:
        return partial(processes.run, workers=workers)
    with needed(text("a cluster", "集群"), "cluster"):
        from callflow.review import fleet
    return partial(fleet.run, address=cluster, size=workers)


def wanted_of(options: argparse.Namespace) -> Wanted:
    """The calls that the options ask for."""
    since, until = moment(options.since, "--since"), moment(options.until, "--until")
    if since and until and since >= until:
        raise BadInput(text("--since is not before --until", "--since 不早于 --until"))
    limit = None if getattr(options, "limit", None) is None else number(options.limit, "--limit")
    return Wanted(since, until, options.agent or "", limit=limit, viewer=viewer_of(options))


def viewer_of(options: argparse.Namespace) -> Viewer:
    """Whoever is at the keyboard may see every call, and long numbers only if that was asked for."""
    return EVERYTHING if getattr(options, "reveal", False) else replace(EVERYTHING, reveal=False)


def moment(given: str | None, option: str) -> datetime | None:
    """A day or a moment of this computer's own time, in UTC without a zone as the archive has it."""
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(
            text('{o}: "{g}" is no date', "{o}：“{g}”不是日期", o=option, g=given[:40]),
            text("write it as 2026-11-01 or 2026-11-01T09:30", "请写成 2026-11-01 或 2026-11-01T09:30"),
        ) from error


def number(given: str | None, option: str) -> int:
    """A whole number from 1 on."""
    if given is not None and given.isascii() and given.isdigit() and int(given[:18]) > 0 and len(given) <= 18:
        return int(given)
    raise BadInput(text("{o} must be a whole number from 1 on", "{o} 应为不小于 1 的整数", o=option))
