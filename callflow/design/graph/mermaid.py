"""A graph as Mermaid: text that browsers, wikis and the studio draw by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator

from callflow.design.graph import colours
from callflow.design.graph.model import Graph, Node

_MARKS = {"return": "↩ ", "prompt": "› ", "rule": "◆ ", "begins": "→ "}
_SHAPES = {"begin": ("((", "))"), "final": ("([", "])"), "any": ("{{", "}}")}
_CONFIG = f"""config:
  theme: base
  themeVariables:
    fontSize: 13px
    lineColor: "{colours.FAINT}"
    titleColor: "{colours.INK}"
    tertiaryColor: "{colours.SUNK}"
    edgeLabelBackground: "{colours.PAGE}\""""
_CLASSES = (
    f"classDef state fill:{colours.PAGE},stroke:{colours.BORDER},color:{colours.INK}",
    f"classDef detour fill:{colours.PAGE},stroke:{colours.BORDER},color:{colours.INK},stroke-dasharray:4 3",
    f"classDef final fill:{colours.SUNK},stroke:{colours.SOFT},color:{colours.INK},stroke-width:2px",
    f"classDef any fill:{colours.AMBER_SOFT},stroke:{colours.AMBER},color:{colours.INK},stroke-dasharray:4 3",
    f"classDef begin fill:{colours.INK},stroke:{colours.INK},color:{colours.INK}",
    f"classDef note fill:{colours.PAGE},stroke:{colours.BORDER},color:{colours.SOFT}",
    f"classDef unvisited fill:{colours.PAGE},stroke:{colours.LINE},color:{colours.FAINT}",
)


def mermaid(graph: Graph) -> str:
    """The graph as a Mermaid flowchart, the same for the same graph."""
    return "\n".join(_Writer(graph).lines()) + "\n"


def ids(graph: Graph) -> dict[str, str]:
    """What the nodes are called in the text, by their names, which may be words of Mermaid's."""
    return {node.name: f"n{number}" for number, node in enumerate([*graph.every(), *graph.notes])}


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._ids = ids(graph)
        self._written = 0
        self._styles: list[str] = []

    def lines(self) -> Iterator[str]:
        graph = self._graph
        title = f"{graph.title} · {graph.overlay.title}" if graph.overlay else graph.title
        yield f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\n{_CONFIG}\n---"
        yield "flowchart TB" if graph.overlay else "flowchart LR"
        for node in (*graph.nodes, *graph.notes):
            yield from self._node(node, "  ")
        for edge in graph.edges:
            arrow = "-.->" if edge.timeout else "-->"
            yield self._edge(
                edge.source, edge.target, "" if graph.overlay else "<br/>".join(map(_plain, edge.words)), arrow
            )
            if graph.overlay:
                self._styled(f"stroke:{colours.LINE}")
        for move in graph.overlay.moves if graph.overlay else ():
            yield self._edge(move.source, move.target, move.words.replace("\n", "<br/>"), "-->")
            self._styled(f"stroke:{colours.ACCENT},stroke-width:{1.2 + 3.3 * move.weight:.2f}px,color:{colours.ACCENT}")
        yield from (f"  {line}" for line in (*_CLASSES, *self._styles))

    def _node(self, node: Node, indent: str) -> Iterator[str]:
        name = self._ids[node.name]
        if node.inside:
            yield f"{indent}subgraph {name}[{_quoted(node.title)}]"
            for child in node.inside:
                yield from self._node(child, indent + "  ")
            yield f"{indent}end"
            self._styles.append(f"style {name} fill:{colours.SUNK},stroke:{colours.BORDER},color:{colours.INK}")
            return
        opening, closing = _SHAPES.get(node.kind, ("(", ")"))
        yield f"{indent}{name}{opening}{_quoted('<br/>'.join(self._words(node)) or ' ')}{closing}"
        overlay = self._graph.overlay
        if overlay and node.name in overlay.shade:
            fill = colours.shade(overlay.shade[node.name])
            self._styles.append(f"style {name} fill:{fill},stroke:{colours.ACCENT},color:{colours.INK}")
        else:
            faint = overlay and node.kind not in ("begin", "note")
            self._styles.append(f"class {name} {'unvisited' if faint else node.kind}")

    def _words(self, node: Node) -> Iterator[str]:
        if node.title:
            yield f"<b>{_plain(node.title)}</b>"
        if node.goal:
            yield f"<small>{_plain(node.goal)}</small>"
        if self._graph.overlay and (words := self._graph.overlay.words.get(node.name)):
            yield f"<b>{_plain(words)}</b>"
        yield from (f"<small>{_MARKS[line.kind]}{_plain(line.words)}</small>" for line in node.lines)

    def _edge(self, source: str, target: str, words: str, arrow: str) -> str:
        self._written += 1
        label = f"|{_quoted(words)}|" if words else ""
        return f"  {self._ids[source]} {arrow}{label} {self._ids[target]}"

    def _styled(self, style: str) -> None:
        """A style for the edge just written: Mermaid counts them."""
        self._styles.append(f"linkStyle {self._written - 1} {style}")


def _plain(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(words: str) -> str:
    escaped = words.replace("#", "#35;").replace('"', "#quot;")
    return f'"{escaped}"'
