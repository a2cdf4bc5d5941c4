"""``callflow replay … --archive URL``: many recordings and journals into an archive."""

from __future__ import annotations

import argparse
import signal
from contextlib import AbstractContextManager
from pathlib import Path

from callflow.archive.store import Archive
from callflow.audio.recording import Recording
from callflow.audio.source import Source
from callflow.commands.common import interrupts, note, plan_of, warn_few, warn_of_models, workers_of
from callflow.commands.console import Console
from callflow.commands.places import copies_of_sound
from callflow.errors import BadInput, needed
from callflow.review.batch.listing import Listing, listing
from callflow.review.batch.pattern import Pattern
from callflow.review.batch.pool import Pool
from callflow.review.batch.run import Batch, Crew
from callflow.review.batch.task import Side
from callflow.review.batch.view import BatchView, JsonLines
from callflow.review.batch.work import Settings
from callflow.review.judge import flow_version
from callflow.review.peaks import Keeper
from callflow.texts import Text, text

ALONE = ("events", "date", "journal", "report")
"""Options that speak of one call."""


def run_batch(options: argparse.Namespace, language: str) -> int:
    """1 where a file could not be judged, now or before, or is not there; 130 after a Ctrl-C."""
    for name in ALONE:
        if getattr(options, name) is not None:
            raise BadInput(
                text("--{n} is for one call, not for an archive", "--{n} 用于单个通话，不能与归档同用", n=name),
                text("in a manifest each call has its own", "批量时请在清单 CSV 中逐个写明"),
            )
    size = workers_of(options.workers)
    pattern = Pattern.of(options.pattern) if options.pattern is not None else None
    found = listing(options.file, pattern, options.agent or "left")
    _tell(found, language)
    plan = plan_of(options.flow, language)
    warn_of_models(language)
    settings = Settings(plan, open_recording, options.engine, peaks=not options.no_peaks)
    with Archive.open(options.archive) as archive:
        view = JsonLines(language, print) if options.json else BatchView(Console(highlight=False), language)
        peaks = Keeper(copies_of_sound(archive.name))
        batch = Batch(archive, flow_version(plan.flow), view, options.again, options.retry_failed, beside=peaks.keep)
        try:
            with _crew(settings, options.cluster, min(size, len(found.tasks))) as crew, view:
                batch.run(found.tasks, crew)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            interrupts.clear()
            view.summary(batch.tally, archive.name)
            note(text("interrupted; run the same command again to go on", "已中断，再次运行同一命令即可继续"), language)
            return 130
        view.summary(batch.tally, archive.name)
        if peaks.failed:
            why = peaks.failed
            note(Text(f"waveforms were not kept: {why.en}", f"波形未保存：{why.zh}"), language)
    return 1 if batch.tally.failed or batch.tally.bad or found.missing else 0


def open_recording(path: Path, agent: Side) -> Source:
    """A recording as the workers open it, wherever they are: in blocks that cost less than those of live calls."""
    return Recording(path, agent=agent, block_seconds=1.0)


def _crew(settings: Settings, cluster: str | None, size: int) -> AbstractContextManager[Crew]:
    if cluster is None:
        return Pool(settings, size)
    with needed(text("a cluster", "集群"), "cluster"):
        from callflow.review.fleet import Fleet
    return Fleet(settings, cluster, size)


def _tell(found: Listing, language: str) -> None:
    warn_few(found.problems, language)
    if found.missing:
        note(text("{n} calls of the list have no file", "清单中有 {n} 通找不到文件", n=found.missing), language)
    if found.unnamed:
        note(
            text(
                "{n} names do not fit the pattern, for instance {p}: of these calls neither agent nor time is known",
                "{n} 个文件名与模式不符，例如 {p}：这些通话没有坐席和时间",
                n=len(found.unnamed),
                p=found.unnamed[0].name,
            ),
            language,
        )
    if found.stands_for:
        note(
            text("{n} recordings are taken by their journals", "{n} 个录音以其日志为准", n=len(found.stands_for)),
            language,
        )
