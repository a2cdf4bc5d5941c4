"""A score explained in the terminal: a line for every point, what it rests on, and where to listen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.cells import cell_len
from rich.text import Text as Line

from callflow.call.reasons import REASONS
from callflow.review import words
from callflow.review.scorecard import Line as ScoreLine
from callflow.review.scored import Explained
from callflow.review.wrap import clean, wrap
from callflow.texts import Text, text

WIDEST, NARROWEST = 120, 72
_STYLES = {"violated": "red", "missed": "yellow", "met": "green", "not_assessed": "dim"}
_CAPPED = text("Fatal: caps the score", "致命项：总分封顶")
_CHANNELS = {
    "left": text("left", "左声道"),
    "right": text("right", "右声道"),
    "both": text("one channel", "单声道"),
    "": Text("", ""),
}


def table(explained: Explained, language: str, width: int) -> Iterator[Line]:
    """The lines to print."""
    view = _View(explained, language, max(NARROWEST, min(width, WIDEST)))
    card, scored = explained.card, explained.scored
    yield from view.head()
    for name, share in card.groups.items():
        if lines := scored.of_group(name):
            yield from view.group(share.title, lines)
    if others := [line for line in scored.lines if line.kind == "finding" and line.group not in card.groups]:
        yield from view.group(text("Without a group", "未分组"), others)
    yield from view.foot()


class _View:
    """How a score is drawn."""

    SIGNED, LOST, WHEN = 8, 10, 8

    def __init__(self, explained: Explained, language: str, width: int) -> None:
        self._card, self._scored, self._subject = explained.card, explained.scored, explained
        self._language, self._width = language, width

    def head(self) -> Iterator[Line]:
        total = self._scored.total
        line = Line(f"  {self._in(text('Score', '得分'))} ", "bold")
        line.append("—" if total is None else points(total), "bold cyan").append(" / 100", "dim")
        line.append(f"   {clean(self._subject.name)}", "dim")
        yield line
        version = self._subject.version[:8]
        named = text("by {c}; flow {f} {v}", "评分表：{c}；流程 {f} {v}", c="{c}", f=self._subject.flow, v=version)
        yield Line(f"  {clean(self._in(named).format(c=self._in(self._card.title)))}", "dim")
        if self._scored.fatal:
            yield self._fatal()
        yield Line()
        heads = [
            (text("points", "得分"), self.SIGNED),
            (text("lost", "失分"), self.LOST),
            (text("at", "时间"), self.WHEN),
        ]
        yield Line("  ").append("".join(_right(self._in(head), wide) for head, wide in heads) + "  ", "dim")

    def _fatal(self) -> Line:
        rules = ", ".join(self._scored.fatal)
        uncapped, total = self._scored.uncapped, self._scored.total
        message = text("✕ fatal: {r}", "✕ 致命项：{r}", r=rules)
        if uncapped != total and uncapped is not None and total is not None:
            message = text("✕ fatal: {r}; capped from {u} to {t}", "✕ 致命项：{r}；总分由 {u} 封顶为 {t}",
                           r=rules, u=points(uncapped), t=points(total))  # fmt: skip
        return Line(f"  {clean(self._in(message))}", "bold red")

    def group(self, title: Text, lines: Sequence[ScoreLine]) -> Iterator[Line]:
        """A group's own sum, then its lines: what lost most first."""
        got = sum((line.points for line in lines), Decimal(0))
        of = got + sum((line.lost for line in lines), Decimal(0))
        head = Line("  ").append(clean(self._in(title)), "bold")
        sums = f"{points(got)} / {points(of)}" if of else self._in(words.VERDICTS["not_assessed"])
        room = self._width - 2 - head.cell_len - cell_len(sums)
        yield head.append(" " + "·" * max(1, room - 2) + " ", "bright_black").append(sums, "bold" if of else "dim")
        for line in sorted(lines, key=lambda one: (one.verdict == "not_assessed", -one.lost, one.at or 0.0)):
            if line.verdict != "not_assessed":
                yield from self._line(line)
        left_out = [line for line in lines if line.verdict == "not_assessed"]
        if left_out:
            names = " · ".join(dict.fromkeys(clean(self._in(self._subject.title(line))) for line in left_out))
            label = f"– {self._in(words.VERDICTS['not_assessed'])} {len(left_out)}  {names}"
            yield from self._set_in(Line(label, "dim"))

    def _line(self, line: ScoreLine) -> Iterator[Line]:
        start = Line("  ").append(_right(points(line.points) if line.points else "0", self.SIGNED))
        start.append(_right(f"−{points(line.lost)}" if line.lost else "", self.LOST), "red" if line.lost else "")
        start.append(_right(words.clock(line.at) if line.at is not None else "", self.WHEN), "dim").append("  ")
        body = Line(f"{words.VERDICT_SIGNS[line.verdict]} ", _STYLES[line.verdict])
        body.append(clean(self._in(self._subject.title(line))))
        if line.kind == "finding":
            body.append(f"  {self._in(words.SEVERITIES[line.severity])}", "dim")
            body.append(f"  {' '.join(map(clean, line.refs))}", "dim")
        yield from self._hung(start, body)
        if line.verdict != line.engine:
            was = text("the engine said: {v}", "引擎原判：{v}", v="{v}")
            yield from self._set_in(Line(self._in(was).format(v=self._in(words.VERDICTS[line.engine])), "cyan"))
        for seen in line.evidence if line.verdict != "met" else line.evidence[:1]:
            if seen.said:
                who = self._in(words.SPEAKERS[seen.speaker]) if seen.speaker else ""
                where = self._in(_CHANNELS[self._subject.channel(seen.speaker)])
                yield from self._set_in(Line(f"{who} {where} “{clean(seen.said)}”".strip(), "dim"))
        if line.verdict != "met" and line.reason:
            yield from self._set_in(
                Line(clean(self._in(REASONS.get(line.reason, Text(line.reason, line.reason)))), "dim")
            )

    def foot(self) -> Iterator[Line]:
        for line in self._scored.lines:
            if line.kind == "fatal":
                start = Line("  ").append(_right(f"−{points(-line.points)}", self.SIGNED), "red")
                start.append(" " * self.LOST).append(
                    _right(words.clock(line.at) if line.at is not None else "", self.WHEN), "dim"
                )
                title = f"{self._in(_CAPPED)}  {self._in(self._subject.title(line))}"
                yield from self._hung(start.append("  "), Line(clean(title), "red"))
        if self._scored.total is not None:
            yield Line("  ").append("─" * (self.SIGNED + 1), "bright_black")
            yield Line("  ").append(_right(points(self._scored.total), self.SIGNED), "bold cyan")

    def _hung(self, start: Line, body: Line) -> Iterator[Line]:
        indent = start.cell_len
        for n, part in enumerate(wrap(body, self._width - indent)):
            yield (start if n == 0 else Line(" " * indent)).append_text(part)

    def _set_in(self, body: Line) -> Iterator[Line]:
        yield from self._hung(Line(" " * (2 + self.SIGNED + self.LOST + self.WHEN + 4)), body)

    def _in(self, message: Text) -> str:
        return message.in_(self._language)


def points(value: Decimal) -> str:
    """Points to the hundredth, as they add up."""
    return f"{value:.2f}"


def _right(words_: str, width: int) -> str:
    return " " * max(0, width - cell_len(words_)) + words_
