"""A graph as DOT, the language of Graphviz, which lays it out as SVG or PNG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import sqrt

from callflow.design.graph import colours
from callflow.design.graph.model import ANYWHERE, BEGINNING, Edge, Graph, Line, Move, Node

_MARKS = {"return": "↩", "prompt": "›", "rule": "◆", "begins": "→"}
_MARK_COLOURS = {"return": colours.ACCENT, "prompt": colours.ACCENT, "rule": colours.AMBER, "begins": colours.FAINT}


def dot(graph: Graph) -> str:
    """The graph as DOT text, the same for the same graph."""
    return "\n".join(_Writer(graph).lines()) + "\n"


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._clusters = {node.name: node for node in graph.every() if node.inside}

    def lines(self) -> Iterator[str]:
        graph = self._graph
        title = f"{graph.title} · {graph.overlay.title}" if graph.overlay else graph.title
        yield "digraph flow {"
        # A flow reads from left to right; what calls did from top to bottom, as it has more steps than branches.
        direction = "TB" if graph.overlay else "LR"
        yield _attributes("  graph", rankdir=direction, compound="true", newrank="true", nodesep="0.22", ranksep="0.5",
                          pad="0.3", bgcolor=colours.PAGE, fontname=colours.FONTS, fontsize="16",
                          fontcolor=colours.INK, labelloc="t", label=title)  # fmt: skip
        yield _attributes("  node", shape="box", style="rounded,filled", fontname=colours.FONTS, fontsize="12",
                          color=colours.BORDER, fillcolor=colours.PAGE, fontcolor=colours.INK,
                          margin="0.1,0.06")  # fmt: skip
        yield _attributes("  edge", fontname=colours.FONTS, fontsize="10", color=colours.FAINT,
                          fontcolor=colours.SOFT, arrowsize="0.7")  # fmt: skip
        for node in graph.nodes:
            yield from self._node(node, "  ")
        if graph.notes:
            yield from self._notes()
        for edge in graph.edges:
            yield self._edge(edge)
        for move in graph.overlay.moves if graph.overlay else ():
            yield self._move(move)
        yield "}"

    # ------------------------------------------------------------------------------------ nodes

    def _node(self, node: Node, indent: str) -> Iterator[str]:
        if not node.inside:
            yield f"{indent}{_quoted(node.name)}{self._style(node)}"
            return
        yield f"{indent}subgraph {_quoted('cluster ' + node.name)} {{"
        yield _attributes(f"{indent}  graph", style="rounded,filled", color=colours.BORDER, fillcolor=colours.SUNK,
                          fontsize="13", labeljust="l", margin="12")  # fmt: skip
        yield f"{indent}  label={self._label(node)};"
        for child in node.inside:
            yield from self._node(child, indent + "  ")
        yield f"{indent}}}"

    def _style(self, node: Node) -> str:
        if node.name == BEGINNING:
            return _attributes("", shape="circle", width="0.16", label="", style="filled", fillcolor=colours.INK)
        style: dict[str, str] = {}
        if node.kind == "any":
            style = {"fillcolor": colours.AMBER_SOFT, "color": colours.AMBER, "style": "rounded,filled,dashed"}
        elif node.kind == "final":
            style = {"peripheries": "2", "fillcolor": colours.SUNK}
        elif node.kind == "detour":
            style = {"style": "rounded,filled,dashed"}
        overlay = self._graph.overlay
        if overlay and node.name in overlay.shade:
            style |= {"fillcolor": colours.shade(overlay.shade[node.name]), "color": colours.ACCENT}
        elif overlay:
            style |= {"fontcolor": colours.FAINT, "color": colours.LINE}
        return _attributes("", **style, label=self._label(node))

    def _label(self, node: Node) -> str:
        """As HTML, as Graphviz knows it: title, goal, what calls did, then lines, each with a colour."""
        faint = bool(self._graph.overlay) and node.kind != "note" and not self._visited(node)
        align = "LEFT" if node.inside or node.kind == "note" else "CENTER"
        rows = [_row(f"<B>{_html(node.title)}</B>", align)]
        if node.goal:
            colour = colours.FAINT if faint else colours.SOFT
            rows += [_row(_font(part, colour, 10), align) for part in _wrapped(node.goal)]
        if self._graph.overlay and (words := self._graph.overlay.words.get(node.name)):
            rows.append(_row(_font(words, colours.ACCENT, 10, bold=True), align))
        rows += [_row(_line(one), "LEFT") for one in node.lines]
        return _table(rows)

    def _visited(self, node: Node) -> bool:
        shade = self._graph.overlay.shade if self._graph.overlay else {}
        return any(name == node.name or name.startswith(f"{node.name}.") for name in shade)

    def _notes(self) -> Iterator[str]:
        """Boxes beside the states, about as many in a row as rows."""
        yield '  subgraph "notes" {'
        for note in self._graph.notes:
            style = _attributes("", shape="note", style="filled", fillcolor=colours.PAGE, color=colours.BORDER,
                                label=self._label(note))  # fmt: skip
            yield f"    {_quoted(note.name)}{style}"
        names = [note.name for note in self._graph.notes]
        rows = max(3, round(1.6 * sqrt(len(names))))  # boxes are wider than high
        for one, beside in zip(names, names[rows:], strict=False):
            yield f"    {_quoted(one)} -> {_quoted(beside)} [style=invis];"
        yield "  }"

    # ------------------------------------------------------------------------------------ edges

    def _edge(self, edge: Edge) -> str:
        style: dict[str, str] = {"style": "dashed"} if edge.timeout else {}
        if edge.source == ANYWHERE:
            style |= {"color": colours.AMBER + "88", "weight": "4"}
        if self._graph.overlay:  # what calls did is told, the rest only shows through
            style |= {"color": colours.LINE, "arrowsize": "0.5"}
        elif edge.words:
            style["label"] = _table(_row(_html(word), "LEFT") for word in edge.words)
        return f"  {self._ends(edge.source, edge.target, style)}"

    def _move(self, move: Move) -> str:
        width = f"{1.2 + 3.3 * move.weight:.2f}"
        label = _table((_row(f"<B>{_html(line)}</B>", "LEFT") for line in move.words.split("\n")), padding=3)
        style = {"color": colours.ACCENT, "fontcolor": colours.ACCENT, "penwidth": width, "label": label}
        return f"  {self._ends(move.source, move.target, style)}"

    def _ends(self, source: str, target: str, style: dict[str, str]) -> str:
        """An edge; one from a state with others inside begins at the frame around them."""
        if source in self._clusters:
            inner = self._clusters[source].inside[0]
            while inner.inside:
                inner = inner.inside[0]
            style = {**style, "ltail": f"cluster {source}"}
            source = inner.name
        return f"{_quoted(source)} -> {_quoted(target)}{_attributes('', **style)}"


class _Html(str):
    """A label that Graphviz is to read as HTML; whatever else it looks like, other words are only words."""

    __slots__ = ()


def _table(rows: Iterable[str], padding: int = 1) -> _Html:
    """Lines as a table: unlike plain lines its rows never lie on one another, whatever the font."""
    return _Html(f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="{padding}">{"".join(rows)}</TABLE>>')


def _row(content: str, align: str) -> str:
    return f'<TR><TD ALIGN="{align}">{content}</TD></TR>'


def _line(line: Line) -> str:
    return f"{_font(_MARKS[line.kind], _MARK_COLOURS[line.kind], 10)} {_font(line.words, colours.SOFT, 10)}"


def _wrapped(words: str, width: int = 18) -> Iterable[str]:
    """Long goals on two lines or more: characters count as one, Latin letters as half."""
    line, length = "", 0.0
    for part in words.replace("，", "，\0").replace(" ", " \0").split("\0"):
        size = sum(0.5 if char.isascii() else 1.0 for char in part)
        if line and length + size > width:
            yield line.rstrip()
            line, length = "", 0.0
        line, length = line + part, length + size
    yield line


def _font(words: str, colour: str, size: int, bold: bool = False) -> str:
    inner = f"<B>{_html(words)}</B>" if bold else _html(words)
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{inner}</FONT>'


def _html(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _attributes(what: str, **values: str) -> str:
    """``what [key="value", …];``, where labels that are HTML stand as they are."""
    written = ", ".join(
        f"{key}={value if isinstance(value, _Html) else _quoted(value)}" for key, value in values.items()
    )
    return f"{what} [{written}];"
