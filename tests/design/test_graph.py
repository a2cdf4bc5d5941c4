"""A flow as a picture: the same every time, whole, and with what calls did laid over it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as xml

import pytest
from bundled import NAMES, events

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.graph.dot import dot
from callflow.design.graph.draw import draw
from callflow.design.graph.mermaid import mermaid
from callflow.design.graph.model import Graph, Overlay, build
from callflow.design.graph.overlay import heat, path
from callflow.design.graph.words import shortened, term_words
from callflow.design.rehearse import play
from callflow.errors import CallflowError
from callflow.events import Event, State, Tick
from callflow.flow.model import Flow
from callflow.flow.read import read_flow
from callflow.texts import Text

FLOW = """
flow: {title: {zh: 试, en: test}, start: talk, on: {call.held: hold}}
states:
  talk: {title: 交谈, goal: 说, on: {agent hello: more.b, after 20s: more}, prompts: [hello]}
  more: {title: 更多, states: {a: {title: '"甲" <b>'}, b: {title: 乙}}, on: {customer speaks: talk}}
  hold: {title: 保持, detour: true, on: {call.resumed: previous}}
  ended: {final: true}
phrases: {hello: {say: ["您好{客户}"]}}
slots: {客户: {least: 1, most: 3}}
groups: {g: {title: 组, weight: 1}}
situations: {s: {title: 情, begins: [agent hello, call.held], prompts: [{tip: 慢}]}, t: {title: 景}}
rules:
  greets: {title: 要问候, expect: agent hello, group: g}
  thanks: {title: 要道谢, in: more.a, expect: agent hello}
  held: {title: 要致歉, after: call.held, expect: agent hello, within: 3s}
"""


@pytest.fixture(scope="module")
def flow() -> Flow:
    found, problems = read_flow({"a.yaml": FLOW}, "a")
    assert found is not None, problems
    return found


@pytest.fixture(scope="module")
def inbound() -> Flow:
    return flowfiles.load(
        "inbound",
    )[0]


def moves(*states: str, start: float = 0.0) -> list[Event]:
    """A call that goes through ``states``, ten seconds in each."""
    before = ("", *states)
    steps: list[Event] = [
        State(at=start + 10 * n, from_=old, to=new) for n, (old, new) in enumerate(zip(before, states, strict=False))
    ]
    return [*steps, Tick(at=start + 10 * len(states))]


def labels(graph: Graph) -> dict[tuple[str, str], Sequence[str]]:
    return {(edge.source, edge.target): edge.words for edge in graph.edges}


def test_states_are_nested_and_transitions_lead_to_where_the_call_arrives(flow: Flow) -> None:
    graph = build(flow, "zh")
    assert [node.name for node in graph.every()] == ["^", "*", "talk", "more", "more.a", "more.b", "hold", "ended"]
    assert labels(graph) == {
        ("^", "talk"): (),
        ("talk", "more.b"): ("坐席“您好…”",),
        ("talk", "more.a"): ("20 秒无人说话",),
        ("more", "talk"): ("客户说话",),
        ("*", "hold"): ("按保持键",),
    }
    hold = next(node for node in graph.every() if node.name == "hold")
    assert [(line.kind, line.words) for line in hold.lines] == [("return", "保持返回")]


def test_labels_follow_the_language(flow: Flow) -> None:
    graph = build(flow, "en")
    assert graph.title == "test"
    assert labels(graph)["more", "talk"] == ("customer speaks",)


def test_rules_and_prompts_stand_where_they_belong(flow: Flow) -> None:
    graph = build(flow, "zh", rules=True, prompts=True)
    lines = {node.name: [line.words for line in node.lines if line.kind != "return"] for node in graph.every()}
    assert (lines["talk"], lines["more.a"], lines["hold"]) == (["说 您好〈客户〉"], ["要道谢"], ["要致歉"])
    assert [(note.title, [line.words for line in note.lines]) for note in graph.notes] == [("组", ["要问候"])]


def test_situations_have_boxes_with_what_begins_them(flow: Flow) -> None:
    graph = build(flow, "zh", situations=True, prompts=True)
    assert [(note.title, [(line.kind, line.words) for line in note.lines]) for note in graph.notes] == [
        ("情", [("begins", "坐席“您好…”"), ("begins", "按保持键"), ("prompt", "提示 慢")]),
        ("景", [("begins", "坐席手动")]),
    ]


def test_the_path_of_a_call_is_numbered_with_times(flow: Flow) -> None:
    overlay = path(moves("talk", "hold", "talk", "hold", "talk", "gone"), "call", "zh")
    told = {(move.source, move.target): move.words for move in overlay.moves}
    assert told["talk", "hold"] == "2. 0:10\n4. 0:30"
    assert told["^", "talk"] == "1. 0:00"
    assert (overlay.words["talk"], overlay.words["hold"]) == ("0:30", "0:20")
    drawn = build(flow, "zh", overlay=overlay).overlay
    assert drawn is not None
    assert "gone" not in {move.target for move in drawn.moves}, "the flow may have changed since"


def test_the_heat_of_many_calls_counts_calls(flow: Flow) -> None:
    calls = [moves("talk", "hold", "talk"), moves("talk"), moves("talk", "more.b"), moves("talk", "more.b")]
    overlay = heat(calls, "en")
    assert overlay.title == "4 calls"
    assert overlay.words == {
        "talk": "100 % of calls, 0:12 each",
        "hold": "25 % of calls, 0:10 each",
        "more.b": "50 % of calls, 0:10 each",
    }
    assert {(m.source, m.target): m.words for m in overlay.moves}["talk", "more.b"] == "2"
    assert max(overlay.moves, key=lambda move: move.weight).target == "talk"


@pytest.mark.parametrize("rules", [False, True])
def test_the_same_flow_gives_the_same_text(inbound: Flow, rules: bool) -> None:
    again = flowfiles.load("inbound")[0]
    for write in (dot, mermaid):
        assert write(build(inbound, "zh", rules=rules, prompts=rules)) == write(
            build(again, "zh", rules=rules, prompts=rules)
        )


def test_mermaid_names_nothing_that_a_flow_could_name(flow: Flow) -> None:
    written = mermaid(build(flow, "zh", overlay=path(moves("talk", "more.a"), 'a "call"', "zh")))
    assert '("<b>#quot;甲#quot; &lt;b&gt;</b>")' in written.replace("<br/><b>0:10</b>", "")
    assert 'title: "试 · a \\"call\\""' in written
    edges = len(re.findall(r"^  n\d+ -", written, re.M))
    styled = [int(number) for number in re.findall(r"linkStyle (\d+)", written)]
    assert styled == list(range(edges))


needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")


@needs_dot
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_picture_of_the_bundled_flow_has_every_state(inbound: Flow, language: str) -> None:
    first, second = (draw(dot(build(inbound, language, rules=True, prompts=True)), "svg") for _ in range(2))
    assert first == second
    shown = " ".join(xml.fromstring(first).itertext())
    assert all(state.title.in_(language) in shown for state in inbound.states.values())
    assert draw(dot(build(inbound, language)), "png").startswith(b"\x89PNG")


@needs_dot
def test_calls_are_drawn_over_it(inbound: Flow) -> None:
    plan = Plan.of(inbound)
    calls = [play(events(name), plan) for name in NAMES]
    one = xml.fromstring(draw(dot(build(inbound, "zh", overlay=path(calls[0], NAMES[0], "zh"))), "svg"))
    assert "1. 0:00" in " ".join(one.itertext())
    many = xml.fromstring(draw(dot(build(inbound, "zh", overlay=heat(calls, "zh"))), "svg"))
    assert "100 % 的通话" in " ".join(many.itertext())


@needs_dot
def test_any_words_can_be_drawn(flow: Flow) -> None:
    flow = replace(flow, title=Text("<b>", "<甲"))
    overlay = Overlay('"</svg>\\', {"more.a": "<1>"}, {"more.a": 2.0})
    shown = " ".join(xml.fromstring(draw(dot(build(flow, "zh", overlay=overlay)), "svg")).itertext())
    assert '"甲" <b>' in shown
    assert "<1>" in shown
    assert "<甲 · " in shown


def test_without_graphviz_it_says_what_to_install(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nothing")
    with pytest.raises(CallflowError) as raised:
        draw(dot(build(flow, "zh")), "svg")
    assert "apt install graphviz" in raised.value.in_("zh")


@needs_dot
def test_what_graphviz_cannot_draw_is_one_sentence() -> None:
    with pytest.raises(CallflowError) as raised:
        draw("digraph {", "svg")
    assert "Graphviz" in raised.value.in_("en")


def test_long_words_are_shortened_by_their_width() -> None:
    assert shortened("您好，国资商城物流事业部", 6) == "您好，国资商…"
    assert shortened("a" * 12, 6) == "aaaaaaaaaa…"
    assert shortened("您好。", 6) == "您好"


@pytest.mark.parametrize(
    ("key", "en", "zh"),
    [
        ("call.hung_up agent", "hang-up: agent", "坐席挂机"),
        ("customer explains", "customer speaks at length", "客户连续说话"),
        ("acoustic.fast customer", "speaks fast: customer", "客户语速快"),
        ("state hold", "hold", "保持"),
        ("day weekend", "a weekend", "周末"),
        ("fields order heard", "all fields heard", "各项信息已登记"),
        ("field 电话 differs", "电话 read back wrongly", "电话核对有误"),
        ("promise made", "promise made", "promise made"),
    ],
)
def test_terms_in_words(flow: Flow, key: str, en: str, zh: str) -> None:
    words = term_words(key, flow)
    assert (words.en, words.zh) == (en.replace("hold", flow.states["hold"].title.en), zh)
