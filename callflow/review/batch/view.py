"""A batch on the terminal: how far, how fast, how long still, and what could not be judged.

On a real terminal one line at its foot; into a pipe or file plain lines, one now and then. ``JsonLines`` is for
programs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.table import Column
from rich.text import Text as Line

from callflow.archive.calls import NewCall
from callflow.review import words
from callflow.review.batch.run import Tally
from callflow.review.wrap import clean
from callflow.texts import Text, counted, text

EVERY = 10.0
"""Seconds between two plain lines."""
MOST_SHOWN = 20
"""Bad files that are named one by one; the archive has them all."""


class Rate:
    """How fast a batch is, and when it will be done: by the size of the files, which stands for their length."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()

    @property
    def elapsed(self) -> float:
        return max(1e-6, self._clock() - self._began)

    def line(self, tally: Tally) -> Text:
        """``12 of 200 · 1 failed · 2.1 calls/s · 25× real time · 1:20 left``."""
        parts = [text("{n} of {a}", "{n} / {a}", n=tally.settled, a=tally.files)]
        if tally.failed:
            parts.append(text("{n} failed", "失败 {n}", n=tally.failed))
        if tally.done:
            parts.append(text("{r:.3g} calls/s", "{r:.3g} 通/秒", r=tally.done / self.elapsed))
            parts.append(text("{r:.0f}× real time", "实时的 {r:.0f} 倍", r=tally.seconds / self.elapsed))
        if left := self.left(tally):
            parts.append(text("{t} left", "还剩 {t}", t=words.clock(left)))
        return Text(" · ".join(part.en for part in parts), " · ".join(part.zh for part in parts))

    def left(self, tally: Tally) -> float:
        """Seconds that it will still take; 0 where that is not known yet, or nothing is left."""
        judged = tally.bytes - tally.skipped_bytes
        return self.elapsed * (tally.all_bytes - tally.bytes) / judged if judged > 0 else 0.0


class BatchView:
    """Shows a batch to people. A context manager, so that an interruption leaves the terminal in order."""

    def __init__(self, console: Console, language: str) -> None:
        self._console = console
        self._language = language
        self._rate = Rate()
        self._told = 0.0
        self._bad = 0
        self._troubled = ""
        self._live = console.is_terminal and not console.is_dumb_terminal
        self._tally = Tally()
        self._progress = Progress(BarColumn(bar_width=30), _Told(self), console=console, transient=True)
        self._task = self._progress.add_task("", total=1.0)

    def __enter__(self) -> BatchView:
        if self._live:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._progress.stop()

    @property
    def line(self) -> str:
        return self._rate.line(self._tally).in_(self._language)

    def update(self, tally: Tally) -> None:
        self._tally, self._troubled = tally, ""
        share = tally.bytes / tally.all_bytes if tally.all_bytes else tally.settled / max(1, tally.files)
        self._progress.update(self._task, completed=share)
        if not self._live and self._rate.elapsed - self._told >= EVERY:
            self._told = self._rate.elapsed
            self._print(self.line)

    def call(self, call: NewCall) -> None:
        if call.status == "failed" and call.reason:
            self._bad += 1
            if self._bad <= MOST_SHOWN:
                self._print(
                    Line("✕ ", "red")
                    .append(clean(_nearby(call.path)))
                    .append(f"  {clean(call.reason.in_(self._language))}")
                )

    def trouble(self, message: Text) -> None:
        if message.en != self._troubled:
            self._troubled = message.en
            waits = text("{m}; trying again", "{m}；正在重试", m="{m}")
            self._print(waits.in_(self._language).format(m=message.in_(self._language)))

    def summary(self, tally: Tally, name: str) -> None:
        """What came of it, in a few lines."""
        for line in _lines(tally):
            self._print(f"  {line.in_(self._language)}")
        for copy, like in tally.copies[:MOST_SHOWN]:
            self._print(f"    {clean(_nearby(copy))} = {clean(_nearby(like))}")
        speed, took = tally.seconds / self._rate.elapsed, words.clock(self._rate.elapsed)
        end = text("took {t}", "用时 {t}", t=took)
        if tally.done:
            end = text("took {t}  ·  {r:.0f}× real time", "用时 {t}  ·  实时的 {r:.0f} 倍", t=took, r=speed)
        self._print(f"  {clean(name)}  ·  {end.in_(self._language)}")

    def _print(self, line: str | Line) -> None:
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)


def _lines(tally: Tally) -> list[Text]:
    """What came of a batch and what there is to do, a line for each, without those of which there is nothing."""
    sound, judged = words.clock(tally.seconds), counted(tally.done, "call", "calls")
    lines = (
        (tally.done, text("{c} judged, {s} of sound", "已评 {n} 通，录音共 {s}", n=tally.done, c=judged, s=sound)),
        (
            tally.failed,
            text("{n} could not be judged; the archive says why", "{n} 个无法评定，原因已归档", n=tally.failed),
        ),
        (tally.there, text("in the archive already: {n}", "{n} 个此前已归档", n=tally.there)),
        (
            tally.bad,
            text(
                "{n} of them could not be judged (--retry-failed tries them again)",
                "其中 {n} 个当时无法评定（--retry-failed 可重试）",
                n=tally.bad,
            ),
        ),
        (tally.told, text("{n} of them with new particulars", "其中 {n} 通更新了坐席、时间等信息", n=tally.told)),
        (
            tally.unheard,
            text(
                "{n} of them were judged without the call events that lie beside them now (--again judges by these)",
                "其中 {n} 通评定时没有现在旁边的通话事件（--again 可据此重新评定）",
                n=tally.unheard,
            ),
        ),
        (
            tally.lacking,
            text(
                "{n} in the archive without an agent or a time: figures count them as nobody's, or not at all; "
                "tell them by --pattern or a list and run this again",
                "归档库中有 {n} 通没有坐席或时间，统计时无法归到坐席或不计入：请用 --pattern 或清单补上后再运行一次",
                n=tally.lacking,
            ),
        ),
        (tally.same, text("with the content of another file: {n}", "{n} 个与其他文件内容相同", n=tally.same)),
    )
    return [line for count, line in lines if count]


def _nearby(path: str) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


class _Told(ProgressColumn):
    """The figures beside the bar, as they are now: time goes on between two calls."""

    def __init__(self, view: BatchView) -> None:
        super().__init__(Column(no_wrap=True))
        self._view = view

    def render(self, task: Task) -> Line:
        return Line(self._view.line)


class JsonLines:
    """Tells programs: a line for each call that was archived, and one at the end."""

    def __init__(self, language: str, say: Callable[[str], None]) -> None:
        self._language = language
        self._say = say
        self._rate = Rate()

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, tally: Tally) -> None:
        return None

    def call(self, call: NewCall) -> None:
        told: dict[str, Any] = {"type": "call", "path": call.path, "key": call.key, "status": call.status}
        if call.reason:
            told["reason"] = call.reason.in_(self._language)
        if call.status == "done":
            told |= {"duration": round(call.duration, 3), "score": call.score.total if call.score else None}
        self._put(told)

    def trouble(self, message: Text) -> None:
        self._put({"type": "trouble", "message": message.in_(self._language)})

    def summary(self, tally: Tally, name: str) -> None:
        self._put(
            {
                "type": "summary",
                "archive": name,
                "files": tally.files,
                "done": tally.done,
                "failed": tally.failed,
                "already_archived": tally.there,
                "failed_before": tally.bad,
                "new_particulars": tally.told,
                "new_events": tally.unheard,
                "without_agent_or_time": tally.lacking,
                "same_content": tally.same,
                "copies": [{"path": copy, "of": like} for copy, like in tally.copies],
                "sound": round(tally.seconds, 3),
                "took": round(self._rate.elapsed, 3),
            }
        )

    def _put(self, told: dict[str, Any]) -> None:
        self._say(json.dumps(told, ensure_ascii=False))
