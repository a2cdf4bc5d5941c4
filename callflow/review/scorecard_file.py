"""Reads a scorecard from its YAML file; every mistake in it is a Problem with its place.

::

    scorecard:
      title: {zh: 热线评分表, en: Hotline}
      groups: {greeting: 20, wording: {weight: 30, clean: 6}}   # a group that is not named keeps the flow's weight
      severities: {minor: 1, major: 3, severe: 6, fatal: 12}
      fatal: {cap: 0, rules: [verify-identity]}                 # without it nothing fails a whole call
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from callflow import flowfiles
from callflow.errors import BadFlow, BadInput
from callflow.events import Severity
from callflow.flow import located_yaml
from callflow.flow.forms import Both, Inside, Key, Name, Number, Shape
from callflow.flow.located_yaml import Mapping as MappingNode
from callflow.flow.located_yaml import Scalar
from callflow.flow.model import Flow
from callflow.flow.names import SEVERITIES
from callflow.flow.section import Section
from callflow.problems import Location, Problem, did_you_mean, has_errors
from callflow.review.scorecard import Fatal, Scorecard, Share
from callflow.texts import Text, text

_POINTS = Number(0.0, 0.0, 1e6)
_GROUP = Shape(
    "group",
    text("What a group is worth", "分组所占分数"),
    (
        Key("weight", _POINTS, text("its share of the score", "占分比重")),
        Key("clean", _POINTS, text("points for a call without a fault", "无差错时的分数")),
    ),
)
_SEVERITIES = Shape(
    "severities",
    text("What faults of each severity cost", "各级差错的扣分"),
    tuple(Key(severity, _POINTS, text("points", "分数")) for severity in SEVERITIES),
)
_FATAL = Shape(
    "fatal",
    text("What fails a whole call", "一票否决"),
    (
        Key("cap", Number(0.0, 0.0, 100.0), text("the most that such a call can reach", "此类通话的最高分")),
        Key("rules", Name(text("rules", "规则"), many=True), text("what fails it", "哪些规则")),
    ),
)
_CARD = Shape(
    "scorecard",
    text("A scorecard", "评分表"),
    (
        Key("title", Both(), text("what people see", "显示的名称")),
        *(Key(part, Inside(part), text(f"the {part}", part)) for part in ("groups", "severities", "fatal")),
    ),
)
_FILE = Shape("file", _CARD.says, (Key("scorecard", Inside("scorecard"), _CARD.says, required=True),))


def load(path: Path, flow: Flow) -> Scorecard:
    """The scorecard in ``path`` for calls of ``flow``.

    Raises ``BadInput`` where there is no such file, ``BadFlow`` with every Problem where it has mistakes.
    """
    if not path.is_file():
        raise BadInput(text('no scorecard "{p}"', "没有评分表“{p}”", p=path), text("check the path", "请检查路径"))
    content = flowfiles.content_of(path, str(path))
    if isinstance(content, Problem):
        card, problems = None, [content]
    else:
        card, problems = read(content.decode("utf-8-sig"), path, flow)
    if card is None:
        raise BadFlow(text('scorecard "{p}" has mistakes', "评分表“{p}”有错误", p=path), problems)
    return card


def read(source: str, name: Path | str, flow: Flow) -> tuple[Scorecard | None, list[Problem]]:
    """A scorecard from its text, and what is wrong with it; ``None`` where anything is."""
    root, problems = located_yaml.load(source, str(name))
    if not isinstance(root, MappingNode):
        if not problems:
            message = text("a scorecard starts with scorecard:", "评分表应以 scorecard: 开头")
            problems = [Problem(root.at if root else Location(str(name)), message, "wrong-kind")]
        return None, problems
    file = Section(root, problems, text("file", "文件"), _FILE)
    node = file.need("scorecard")
    section = file.inner(node, text("scorecard", "评分表"), _CARD) if node is not None else None
    file.done()
    card = _Reader(flow, problems).card(section) if section else None
    problems.sort()
    return (None if has_errors(problems) else card), problems


class _Reader:
    """Reads the parts; names that the flow does not have are Problems."""

    def __init__(self, flow: Flow, problems: list[Problem]) -> None:
        self.flow = flow
        self.problems = problems
        self.default = Scorecard.of(flow)

    def card(self, section: Section) -> Scorecard:
        title = section.text("title", text("scorecard", "评分表"))
        groups = self._groups(self._inner(section, "groups", self._named_groups()))
        severities = self._severities(self._inner(section, "severities", _SEVERITIES))
        fatal = self._fatal(self._inner(section, "fatal", _FATAL))
        section.done()
        if groups and not any(share.weight for share in groups.values()):
            section.wrong(section.at, "every group has the weight 0", "所有分组的权重都是 0", "wrong-number")
        return Scorecard(title, groups, severities, fatal)

    def _inner(self, section: Section, key: str, shape: Shape) -> Section | None:
        node = section.value(key)
        return None if node is None else section.inner(node, Text(key, f"{key} "), shape)

    def _named_groups(self) -> Shape:
        """The flow's groups, each of which may be a number."""
        says = text("the weights of groups", "各分组的比重")
        return Shape("groups", says, tuple(Key(name, _POINTS, says) for name in self.default.groups))

    def _groups(self, section: Section | None) -> dict[str, Share]:
        groups = dict(self.default.groups)
        for name, (key, node) in section.node.entries.items() if section else ():
            if not self._known("group", "分组", key, groups):
                continue
            if isinstance(node, MappingNode):
                inner = Section(node, self.problems, Text(f"group {name}", f"分组 {name} "), _GROUP)
                weight, clean = self._number(inner, "weight"), self._number(inner, "clean")
                inner.done()
            else:
                assert section is not None
                weight, clean = self._number(section, name), None
            old = groups[name]
            groups[name] = replace(old, weight=old.weight if weight is None else weight,
                                   clean=old.clean if clean is None else clean)  # fmt: skip
        return groups

    def _severities(self, section: Section | None) -> dict[Severity, Fraction]:
        weights = dict(self.default.severities)
        for severity in weights if section else ():
            assert section is not None
            if (weight := self._number(section, severity)) is not None:
                weights[severity] = weight
        if section:
            section.done()
        return weights

    def _fatal(self, section: Section | None) -> Fatal | None:
        if section is None:
            return None
        rules = section.strings("rules")
        known = {*self.flow.rules, *self.flow.phrases}
        kept = frozenset(rule.value for rule in rules if self._known("rule", "规则", rule, known))
        cap = self._number(section, "cap")
        section.done()
        return Fatal(Fraction(0) if cap is None else cap, kept)

    def _number(self, section: Section, key: str) -> Fraction | None:
        """A number as it was written; ``None`` where it is not there, or none."""
        before = len(self.problems)
        node = section.value(key)
        section.number(key)
        if not isinstance(node, Scalar) or len(self.problems) > before:
            return None
        return Fraction(repr(float(node.value)))

    def _known(self, en: str, zh: str, name: Scalar, known: Mapping[str, object] | set[str]) -> bool:
        if name.value in known:
            return True
        near = did_you_mean(name.value, known)
        message = Text(f'unknown {en} "{name.value[:40]}"{near.en}', f"未知的{zh}“{name.value[:40]}”{near.zh}")
        self.problems.append(Problem(name.at, message, f"unknown-{en}"))
        return False
