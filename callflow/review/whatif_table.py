"""What a changed flow would say, in the terminal: by rule and by agent, with calls to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text as Line

from callflow.flow.model import Flow
from callflow.review import outcome, words
from callflow.review.compare import Change, Differences, Example, Side, Tally
from callflow.review.wrap import clean, wrap
from callflow.texts import Text, counted, text

WIDEST, NARROWEST = 120, 72
SHOWN = 3
"""Examples of a rule."""
MOST_FAILED = 5
_FIGURE = 9


def title(rule: str, *flows: Flow) -> Text:
    """What a rule, or a phrase, is called in the first flow that has it."""
    for flow in flows:
        if rule in flow.rules:
            return flow.rules[rule].title
        if rule in flow.phrases:
            return outcome.phrase_title(flow.phrases[rule], rule, flow)
    return Text(rule, rule)


def by_weight(tallies: Sequence[Tally]) -> list[Tally]:
    """What changes most first."""
    return sorted(tallies, key=lambda one: (-(one.appears + one.vanishes + one.changes), one.name))


def table(found: Differences, old: Flow, new: Flow, language: str, width: int) -> Iterator[Line]:
    """The lines to print."""
    view = _View(found, old, new, language, max(NARROWEST, min(width, WIDEST)))
    yield from view.head()
    if found.rules:
        yield from view.rules()
        yield from view.agents()
        yield from view.largest()
    yield from view.failed()


class _View:
    """How differences are drawn."""

    def __init__(self, found: Differences, old: Flow, new: Flow, language: str, width: int) -> None:
        self._found, self._old, self._new = found, old, new
        self._language, self._width = language, width

    def head(self) -> Iterator[Line]:
        found, all_ = self._found, self._found.all
        calls = text(
            "{c} judged with both flows, {d}",
            "{n:,} 通通话用两个流程重新评定，{t:,} 通有差异",
            n=found.calls,
            t=found.touched,
            c=counted(found.calls, "call", "calls"),
            d=counted(found.touched, "differs", "differ"),
        )
        yield Line(f"  {self._in(calls)}", "bold")
        if not found.calls or not found.touched:
            if found.calls:
                same = text("Both flows come to the same findings.", "两个流程的结果完全相同。")
                yield Line(f"  ✓ {self._in(same)}", "green")
            return
        if all_.scored:
            moved = text(
                "Mean score {b:.2f} → {a:.2f} ({m:+.2f}): {u:,} calls up, {d:,} down",
                "平均分 {b:.2f} → {a:.2f}（{m:+.2f}）：上升 {u:,} 通，下降 {d:,} 通",
                b=all_.before / all_.scored, a=all_.after / all_.scored, m=all_.moved, u=found.up, d=found.down,
            )  # fmt: skip
            yield Line(f"  {self._in(moved)}")
        faults = text("Faults {o:,} → {n:,}: {w:,} new, {b:,} gone", "问题 {o:,} → {n:,}：新增 {w:,}，消失 {b:,}",
                      o=found.faults_old, n=found.faults_new, w=all_.worse, b=all_.better)  # fmt: skip
        yield Line(f"  {self._in(faults)}")

    def rules(self) -> Iterator[Line]:
        yield Line()
        yield self._row(text("By rule", "按规则"), "bold", self._heads(text("calls", "通话")))
        for tally in by_weight(list(self._found.rules.values())):
            name = title(tally.name, self._new, self._old)
            yield self._row(name, "", [*_figures(tally), f"{tally.calls:,}"])
            for example in tally.examples[:SHOWN]:
                yield from self._example(example)

    def agents(self) -> Iterator[Line]:
        yield Line()
        yield self._row(text("By agent", "按坐席"), "bold", self._heads(text("score", "得分")))
        for tally in by_weight(list(self._found.agents.values())):
            name = text("unknown", "未知") if not tally.name else Text(tally.name, tally.name)
            yield self._row(name, "", [*_figures(tally), f"{tally.moved:+.2f}" if tally.scored else "—"])

    def largest(self) -> Iterator[Line]:
        if not self._found.largest:
            return
        yield Line()
        yield Line(f"  {self._in(text('Calls whose score moves most', '得分变化最大的通话'))}", "bold")
        for one in self._found.largest:
            call = self._in(text("call {n}", "通话 {n}", n=one.call.id))
            line = Line(f"    {call}  {one.old:.2f} → {one.new:.2f}  ").append(f"{one.moved:+.2f}", _colour(one.moved))
            yield line.append(f"  {clean(one.call.agent)}  {one.call.began}", "dim")

    def failed(self) -> Iterator[Line]:
        for one in self._found.failed[:MOST_FAILED]:
            why = self._in(one.failed) if one.failed else ""
            yield Line(f"  ✕ {self._in(text('call {n}', '通话 {n}', n=one.call.id))}: {clean(why)}", "red")
        if (more := len(self._found.failed) - MOST_FAILED) > 0:
            yield Line(f"  {self._in(text('… and {n:,} more', '……另有 {n:,} 通', n=more))}", "red")

    def _heads(self, last: Text) -> list[str]:
        heads = (text("new", "新增"), text("gone", "消失"), text("changed", "改变"), text("faults", "问题"), last)
        return [self._in(head) for head in heads]

    def _row(self, name: Text, style: str, figures: Sequence[str]) -> Line:
        room = self._width - 2 - len(figures) * _FIGURE
        shown = wrap(Line(clean(self._in(name))), room - 2)
        first = shown[0].plain + ("…" if len(shown) > 1 else "")
        line = Line("  ").append(first, style or "cyan").append(" " * max(1, room - cell_len(first)))
        for figure in figures:
            line.append(" " * max(1, _FIGURE - cell_len(figure)) + figure, style or "")
        return line

    def _example(self, example: Example) -> Iterator[Line]:
        change, call = example.change, example.call
        where = self._in(text("call {n}", "通话 {n}", n=call.id))
        start = Line(f"    {where} {words.clock(change.at):>6}  ", "dim")
        body = Line(self._told(change)).append(f"  “{clean(change.said)}”" if change.said else "", "dim")
        indent = start.cell_len
        for n, part in enumerate(wrap(body, self._width - indent)):
            yield (start if n == 0 else Line(" " * indent)).append_text(part)

    def _told(self, change: Change) -> str:
        """``○ missed → ✓ met``; what appears or vanishes has a dash on one side."""
        return f"{self._side(change.old, change.new)} → {self._side(change.new, change.old)}"

    def _side(self, side: Side | None, other: Side | None) -> str:
        if side is None:
            return "—"
        told = f"{words.VERDICT_SIGNS[side.verdict]} {self._in(words.VERDICTS[side.verdict])}"
        if other and other.severity != side.severity:
            told += f" {self._in(words.SEVERITIES[side.severity])}"
        return told

    def _in(self, message: Text) -> str:
        return message.in_(self._language)


def _figures(tally: Tally) -> list[str]:
    faults = tally.worse - tally.better
    return [f"{tally.appears:,}", f"{tally.vanishes:,}", f"{tally.changes:,}", f"{faults:+,}" if faults else "0"]


def _colour(moved: float) -> str:
    return "green" if moved > 0 else "red"
