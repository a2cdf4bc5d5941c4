"""A replayed call in the terminal: who says what, what the guide says to it, and at the end what came of it.

Two columns by speaker, the state as a rule across, prompts dim, warnings red with the better wording. A progress line
stands at the foot of a real terminal; into a pipe or a file go plain lines without a single control character.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.text import Text as Line

from callflow import events as ev
from callflow.flow.model import Flow
from callflow.review import words
from callflow.review.causes import by_cause
from callflow.review.followups import FollowUp, follow_ups
from callflow.review.outcome import Judged
from callflow.review.story import Story
from callflow.review.utterances import Piece, Utterance
from callflow.review.wrap import clean, wrap
from callflow.texts import Text, text

WIDEST = 140
"""Columns beyond which lines only become harder to read."""
NARROWEST = 60
"""Columns below which two columns of speech cannot be read; a terminal that is narrower breaks the lines itself."""
GUTTER = 8
"""Cells for the time, before everything else."""

_PIECES = {"": "", "say": "underline cyan", "never": "bold underline red", "cue": "underline"}
_VERDICTS = {"violated": "red", "missed": "yellow", "met": "green", "not_assessed": "dim"}


class TerminalView:
    """Shows a call while it is replayed. Use it as a context manager, so that a Ctrl-C leaves the terminal in order.

    ``language`` is ``"zh"`` or ``"en"``; ``width`` in cells, the console's own by default.
    """

    def __init__(self, console: Console, flow: Flow, language: str = "zh", width: int | None = None) -> None:
        self._console = console
        self._flow = flow
        self._language = language
        self._width = max(NARROWEST, min(width or console.width, WIDEST))
        self._live: Live | None = None
        self._talk: ev.Heard | None = None
        self._matches: list[ev.Match] = []
        self._warned: set[str] = set()
        self._headed = False
        self._context = ev.CallContext(at=0.0)

    def __enter__(self) -> TerminalView:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Print what is still held back and take the progress line away; may be called twice."""
        self._flush()
        if self._live:
            self._live.stop()
            self._live = None

    # -------------------------------------------------------------------------------------------- while it runs

    def show(self, event: ev.Event) -> None:
        """Print what ``event`` means to a reader; partials and all that only machines need print nothing.

        A sentence is held back until the matches in it are known, that is, until the event after them.
        """
        if isinstance(event, ev.Match):
            self._matches.append(event)
            return
        if isinstance(event, ev.Heard):
            if event.final:
                self._flush()
                self._talk = event
            return
        self._flush()
        if isinstance(event, ev.CallContext):
            self._context = event
            if told := words.guessed(event):
                for part in wrap(Line(self._in(told), "yellow"), self._width):
                    self._print(part)
        elif isinstance(event, ev.State):
            self._state(event)
        elif isinstance(event, ev.Prompt):
            self._prompt(event)
        elif isinstance(event, ev.Finding):
            self._finding(event)
        elif isinstance(event, ev.FieldValue):
            self._field(event)
        elif isinstance(event, ev.Promise):
            self._entry(event.at, Line("◇ ", "cyan"), self._promise(follow_ups([event], self._context)[0]))
        elif event.type in words.CALL_EVENTS or (isinstance(event, ev.Situation) and event.status == "begun"):
            self._moment(event)

    def progress(self, done: float, total: float | None, elapsed: float) -> None:
        """Draw the line at the foot: ``done`` of ``total`` seconds of the call, ``elapsed`` seconds of waiting."""
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            return
        line = self._progress_line(done, total, elapsed)
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(line, refresh=True)

    def _progress_line(self, done: float, total: float | None, elapsed: float) -> Line:
        line = Line("  ", no_wrap=True, overflow="ellipsis")
        if total:
            share = min(1.0, done / total)
            bar = max(10, self._width // 3)
            line.append(_bar(share, bar))
            line.append(f"  {words.clock(done)} / {words.clock(total)}")
            if 0 < share < 1 and elapsed > 0.5:
                left = elapsed / share - elapsed
                line.append(self._in(text("  {t} left", "  还剩 {t}", t=words.clock(left + 1))))
        else:
            line.append(words.clock(done))
        if elapsed > 0.5:
            line.append(f"  {done / elapsed:.1f}×", "dim")
        return line

    def _flush(self) -> None:
        talk, self._talk = self._talk, None
        matches, self._matches = self._matches, []
        if talk is None:
            return
        told = Story.of([talk, *matches], self._flow).utterances[0]
        column = (self._width - GUTTER - 2) // 2
        indent = "" if told.speaker == "agent" else " " * (column + 2)
        for n, part in enumerate(wrap(_spoken(told), column)):
            start = self._time(told.start) if n == 0 else Line(" " * GUTTER)
            self._print(start.append(indent).append(part))

    def _print(self, line: Line) -> None:
        """One line; before the very first the heads of the two columns."""
        if not self._headed:
            self._headed = True
            column = (self._width - GUTTER - 2) // 2
            agent, customer = (self._in(words.SPEAKERS[speaker]) for speaker in ev.SPEAKERS)
            self._console.print(_row((" ", GUTTER - 1), (Line(agent, "bold"), column + 1), (Line(customer, "bold"), 0)))
        self._console.print(line, soft_wrap=True)

    def _state(self, event: ev.State) -> None:
        spec = self._flow.states.get(event.to)
        line = self._time(event.at).append(clean(self._in(spec.title) if spec else event.to), "bold cyan")
        line.append(" ").append("─" * max(0, self._width - line.cell_len - 1), "bright_black")
        self._print(Line())
        self._print(line)

    def _prompt(self, event: ev.Prompt) -> None:
        if event.kind == "warn":
            self._warning(event)
        elif event.status == "shown" and event.stage == "confirmed":
            kind = self._in(words.PROMPT_KINDS[event.kind])
            self._entry(event.at, Line(f"› {kind} ", "dim"), Line(clean(event.text), "dim"))

    def _warning(self, event: ev.Prompt) -> None:
        """Once for each warning, as soon as it comes; a word only when it turns out to have been a false alarm."""
        if event.status == "withdrawn" and event.stage == "provisional" and event.id in self._warned:
            took_back = self._in(text("taken back, was not said:", "撤回，并没有说："))
            self._entry(event.at, Line("– ", "dim"), Line(f"{took_back} “{clean(event.said)}”", "dim"))
        elif event.status == "shown" and event.id not in self._warned:
            self._warned.add(event.id)
            body = Line()
            if event.said:
                body.append(f"“{clean(event.said)}” ", "bold red").append("→ ", "red")
            self._entry(event.at, Line("⚠ ", "bold red"), body.append(clean(event.text), "red"))

    def _finding(self, event: ev.Finding) -> None:
        if event.verdict == "not_assessed":
            return
        judged = Story.of([event], self._flow).findings[0]
        style = _VERDICTS[event.verdict]
        body = Line(clean(self._in(judged.title)), "dim" if event.verdict == "met" else style)
        if event.verdict != "met":
            body.append(f" {self._in(words.VERDICTS[event.verdict])}", style)
            body.append(f"  {' '.join(event.refs)}", "dim")
        self._entry(event.at, Line(f"{words.VERDICT_SIGNS[event.verdict]} ", style), body)

    def _field(self, event: ev.FieldValue) -> None:
        style = "yellow" if event.stage == "differs" else "dim"
        body = Line(f"{clean(event.name)} {clean(event.value)} {self._in(words.FIELD_STAGES[event.stage])}", style)
        self._entry(event.at, Line(f"{words.FIELD_SIGNS[event.stage]} ", style), body)

    def _moment(self, event: ev.Event) -> None:
        moment = Story.of([event], self._flow).moments[0]
        note = words.SPEAKERS[moment.note] if moment.note in words.SPEAKERS else Text(moment.note, moment.note)
        body = f"{self._in(moment.title)} {clean(self._in(note))}".rstrip()
        self._entry(event.at, Line("· ", "dim"), Line(body, "dim"))

    def _entry(self, at: float, sign: Line, body: Line) -> None:
        """A line of the guide, right under what it is about and set in by two cells."""
        room = self._width - GUTTER - 2 - sign.cell_len
        for n, part in enumerate(wrap(body, room)):
            start = self._time(at).append("  ").append(sign) if n == 0 else Line(" " * (GUTTER + 2 + sign.cell_len))
            self._print(start.append(part))

    # -------------------------------------------------------------------------------------------- at the end

    def summary(self, story: Story, report: Path | None, journal: Path | None) -> None:
        """What came of the call: the score, the faults by severity, what was not assessed, and where to read on."""
        self.close()
        rule = Line("━" * self._width, "bright_black")
        parts: list[Line] = [Line(), rule, *self._score(story), *self._groups(story), Line()]
        if told := words.guessed(story.context):
            parts += [*wrap(Line(f"  {self._in(told)}", "yellow"), self._width), Line()]
        if story.faults:
            parts += [*self._faults(story.faults), Line(), *self._causes(story.faults)]
        elif story.findings:
            clear = text("  ✓ Nothing missed, nothing violated.", "  ✓ 没有漏做，没有违反。")
            parts += [Line(self._in(clear), "green"), Line()]
        parts += self._promises(story.promises)
        parts += self._not_assessed(story.judged("not_assessed"))
        for label, path in ((text("Report ", "报告 "), report), (text("Journal", "日志 "), journal)):
            if path is not None:
                parts.append(Line(f"  {self._in(label)}  ", "bold").append(clean(str(path))))
        for part in parts:
            self._print(part)

    def _score(self, story: Story) -> list[Line]:
        """Two lines: all of it in one is wider than many a terminal."""
        line = Line("  ").append(self._in(text("Score ", "得分 ")), "bold")
        line.append(words.points(story.total) if story.total is not None else "—", "bold cyan").append(" / 100", "dim")
        line.append(f"   {words.clock(story.duration)}", "dim")
        return [line, *wrap(Line("  ").append(self._counts(story.findings)), self._width)] if story.findings else [line]

    def _groups(self, story: Story) -> list[Line]:
        titles = [Line(clean(self._in(group.title))) for group in story.groups]
        widest = max((title.cell_len for title in titles), default=0)
        out: list[Line] = []
        for title, group in zip(titles, story.groups, strict=True):
            if group.score.of:
                bar = _bar(group.score.points / group.score.of, 20)
                figures = f"{words.points(group.score.points)} / {words.points(group.score.of)}"
            else:
                bar, figures = Line(self._in(words.VERDICTS["not_assessed"]), "dim"), ""
            out.append(_row(("", 1), (title, widest + 1), (bar, 21), (figures, 0)))
        if made := story.points_made:
            out += wrap(Line(f"  {self._in(made)}", "dim"), self._width)
        return out

    def _faults(self, faults: Sequence[Judged]) -> list[Line]:
        severity, verdict, when = (7, 7, 6) if self._language.startswith("zh") else (7, 11, 6)
        room = self._width - severity - verdict - when - 5
        out: list[Line] = []
        last = ""
        for fault in faults:
            named = self._in(words.SEVERITIES[fault.severity]) if fault.severity != last else ""
            sign = f"{words.VERDICT_SIGNS[fault.verdict]} {self._in(words.VERDICTS[fault.verdict])}"
            at = words.clock(fault.at) if fault.at is not None else ""
            for n, part in enumerate(self._fault(fault, room)):
                out.append(
                    _row(
                        ("", 1),
                        (Line("" if n else named, "bold"), severity),
                        (Line("" if n else sign, _VERDICTS[fault.verdict]), verdict),
                        (Line("" if n else at, "dim"), when),
                        (part, 0),
                    )
                )
            last = fault.severity
        return out

    def _fault(self, fault: Judged, room: int) -> list[Line]:
        lines = wrap(Line(clean(self._in(fault.title))).append(f"  {' '.join(fault.refs)}", "dim"), room)
        said = next((evidence.said for evidence in fault.evidence if evidence.said), "")
        if said and said not in fault.title.zh:
            lines += wrap(Line(f"“{clean(said)}”" + (f" ≈ {clean(fault.gloss)}" if fault.gloss else ""), "dim"), room)
        if fault.reason.en:
            lines += wrap(Line(clean(self._in(fault.reason)), "dim"), room)
        if fault.better:
            lines += wrap(Line(f"→ {clean(fault.better)}", "dim"), room)
        return lines

    def _causes(self, faults: Sequence[Judged]) -> list[Line]:
        """How many faults belong to each cause of dissatisfaction, and how many customers name it."""
        groups = by_cause(faults)
        if not groups:
            return []
        titles = [Line(clean(self._in(group.cause.title))) for group in groups]
        widest = max(title.cell_len for title in titles)
        out = [Line(f"  {self._in(words.CAUSES)}", "bold")]
        for title, group in zip(titles, groups, strict=True):
            out.append(
                _row(("", 1), (title, widest + 1), (f"{group.cause.share:g} %", 5), (self._counts(group.faults), 0))
            )
        return [*out, Line()]

    def _counts(self, findings: Sequence[Judged]) -> Line:
        """How the findings came out: ``✕ violated 2   ○ missed 1``."""
        line = Line()
        for verdict in words.VERDICTS:
            count = sum(finding.verdict == verdict for finding in findings)
            if count:
                sign, name = words.VERDICT_SIGNS[verdict], self._in(words.VERDICTS[verdict])
                line.append(f"{'   ' if line else ''}{sign} {name} {count}", _VERDICTS[verdict])
        return line

    def _promises(self, promises: Sequence[FollowUp]) -> list[Line]:
        if not promises:
            return []
        out: list[Line] = [Line(self._in(text("  ◇ Follow-ups", "  ◇ 待跟进")), "cyan")]
        for promise in promises:
            parts = wrap(self._promise(promise), self._width - GUTTER)
            out += [
                (self._time(promise.at) if n == 0 else Line(" " * GUTTER)).append(part) for n, part in enumerate(parts)
            ]
        return [*out, Line()]

    def _promise(self, promise: FollowUp) -> Line:
        words_ = " · ".join(filter(None, (promise.when, promise.said)))
        return Line(f"“{clean(words_)}”").append(f"  {self._in(promise.by)}", "dim")

    def _not_assessed(self, left_out: Sequence[Judged]) -> list[Line]:
        if not left_out:
            return []
        by_reason: dict[Text, list[str]] = {}
        for finding in left_out:
            by_reason.setdefault(finding.reason, []).append(clean(self._in(finding.title)))
        out: list[Line] = [Line(self._in(text("  – Not assessed", "  – 未评")), "dim")]
        for reason, titles in by_reason.items():
            why = clean(self._in(reason)) or "—"
            for indent, words_ in (("    ", f"{why} ({len(titles)})"), ("      ", " · ".join(titles))):
                parts = wrap(Line(words_, "dim"), self._width - len(indent))
                out += [Line(indent, "dim").append(part) for part in parts]
        return [*out, Line()]

    def _time(self, at: float) -> Line:
        return Line(f"{words.clock(at):>{GUTTER - 2}}  ", "dim")

    def _in(self, message: Text) -> str:
        return message.in_(self._language)


def _row(*cells: tuple[str | Line, int]) -> Line:
    """Cells side by side, each filled up to its width and one space more; the last as long as it is."""
    line = Line()
    for n, (cell, width) in enumerate(cells):
        line.append(cell)
        if n < len(cells) - 1:
            used = cell.cell_len if isinstance(cell, Line) else cell_len(cell)
            line.append(" " * (max(0, width - used) + 1))
    line.rstrip()
    return line


def _bar(share: float, width: int) -> Line:
    """A bar that can be read without colour too: heavy where it is full, light where it is not."""
    full = round(width * max(0.0, min(1.0, share)))
    return Line("━" * full, "cyan").append("─" * (width - full), "bright_black")


def _spoken(utterance: Utterance) -> Line:
    line = Line("? " if utterance.unsure else "", "dim")
    for number, piece in enumerate(utterance.pieces):
        if utterance.sounds and number:
            line.append(" ")
        line.append(clean(piece.text), _PIECES[piece.kind]).append(_gloss(piece), "dim")
    return line


def _gloss(piece: Piece) -> str:
    return f" ≈ {clean(piece.gloss)}" if piece.gloss else ""
