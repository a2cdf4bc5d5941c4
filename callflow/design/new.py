"""A flow for a new business: a template and the answers to a handful of questions make the text of its files.

Templates are data in ``templates``: ``questions.yaml`` says what is asked and which files are made, each from a Jinja
template that lies with its own kind of call or with ``common`` ones. What comes out is tried before anybody gets it: it
reads without a Problem, and its rehearsals pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from callflow.call.plan import Plan
from callflow.design.rehearse import rehearse
from callflow.errors import BadFlow
from callflow.flow import located_yaml
from callflow.flow.located_yaml import Mapping as MappingNode
from callflow.flow.located_yaml import Node, Scalar, Sequence
from callflow.flow.read import read_flow
from callflow.flow.reading import as_said
from callflow.flow.yaml_edits import written
from callflow.problems import Location, Problem, did_you_mean
from callflow.texts import Text, text

_FOLDER = Path(__file__).resolve().parent / "templates"
LONGEST = 80
"""Characters of an answer; a line that is longer is no line that anybody says."""
MOST_FIELDS = 12
KINDS = ("digits", "name", "text")
NOTHING = ("无", "没有", "none", "no")
YES, NO = ("yes", "y", "true", "是", "会", "有", "要"), ("no", "n", "false", "否", "不", "不会", "没有", "无")


@dataclass(frozen=True, slots=True)
class Question:
    """``kind``: ``name`` and ``sentence`` are words, ``fields`` names with commas between, ``flag`` yes or no.
    ``{company}`` in the default is what was answered to the first question."""

    name: str
    kind: str
    ask: Text
    default: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """``files``: each file, and the answer without which it is not made (or ``always``)."""

    name: str
    title: Text
    questions: tuple[Question, ...]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """Something to write down. ``question`` ends the sentence that asks for it, ``sample`` is what one might say."""

    name: str
    kind: str

    @property
    def question(self) -> str:
        return "是多少？" if self.kind == "digits" else "是什么？"

    @property
    def sample(self) -> str:
        return {"digits": "六二零三八五一", "name": "王建国"}.get(self.kind, "城东路十二号")

    @property
    def corrected(self) -> str:
        """What the customer says it is, where the read-back was wrong."""
        return {"digits": "六二零三八五四", "name": "刘海燕"}.get(self.kind, "河西街三十号")


Answer = str | bool | tuple[Field, ...]
Answers = dict[str, Answer]


def templates() -> list[str]:
    """The kinds of calls that there is a template for."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/questions.yaml"))


def template(name: str) -> Template:
    """The template of a name of ``templates``."""
    path = _FOLDER / name / "questions.yaml"
    root = cast(MappingNode, located_yaml.load(path.read_text("utf-8"), path.name)[0])
    asked = [cast(MappingNode, node) for node in cast(Sequence, root.get("questions")).items]
    questions = tuple(
        Question(
            _word(one, "name"), _word(one, "kind"), _both(one, "ask"), _word(one, "default"), _word(one, "example")
        )
        for one in asked
    )
    files = cast(MappingNode, root.get("files"))
    return Template(name, _both(root, "title"), questions, {file: _word(files, file) for file in files.entries})


def _word(node: MappingNode, key: str) -> str:
    value = node.get(key)
    return value.value if isinstance(value, Scalar) else ""


def _both(node: MappingNode, key: str) -> Text:
    inner = cast(MappingNode, node.get(key))
    return Text(_word(inner, "en"), _word(inner, "zh"))


# ------------------------------------------------------------------------------------------------ answers


def default_of(question: Question, answers: Answers) -> str:
    return question.default.replace("{company}", str(answers.get("company", "")))


def answer(question: Question, given: str) -> Answer | Text:
    """What was answered; a ``Text`` says why it cannot be."""
    words = given.strip()
    if question.kind == "flag":
        if words.lower() in YES + NO:
            return words.lower() in YES
        return text('"{w}" is neither yes nor no', "“{w}”不是“是”或“否”", w=words[:LONGEST])
    if question.kind == "fields":
        parts = [] if words.lower() in NOTHING else re.split(r"[,，、;；\s]+", words)
        return fields([(part, "") for part in parts if part])
    return _spoken(words) or words


def fields(named: list[tuple[str, str]]) -> tuple[Field, ...] | Text:
    """Fields of these names; a kind that is not given follows from the name."""
    names = [name for name, _ in named]
    if len(named) > MOST_FIELDS:
        return text("{m} fields at most", "最多 {m} 项", m=MOST_FIELDS)
    for name, kind in named:
        if not re.fullmatch(r"\w{1,12}", name) or not re.search(r"[^\W\d_]", name):
            return text(
                '"{n}" cannot name a field: a word of 1 to 12 signs',
                "“{n}”不能作项目名：请用 1 到 12 个字",
                n=name[:40],
            )
        if names.count(name) > 1:
            return text('"{n}" stands there twice', "“{n}”重复", n=name)
        if kind not in ("", *KINDS):
            near = did_you_mean(kind, KINDS)
            en, zh = '"{k}" is none of {l}{n}', "“{k}”不在 {l} 之中{m}"
            return text(en, zh, k=kind[:40], l=", ".join(KINDS), n=near.en, m=near.zh)
    return tuple(Field(name, kind or _kind_of(name)) for name, kind in named)


def _kind_of(name: str) -> str:
    if re.search(r"(电话|手机|号码|单号|编号|户号|卡号|号|金额|数量)$|number|phone", name, re.IGNORECASE):
        return "digits"
    return "name" if re.search(r"(姓名|名字|联系人|称呼)$|^name$", name, re.IGNORECASE) else "text"


def _spoken(words: str) -> Text | None:
    """Why these words cannot be said."""
    if not re.search(r"[^\W\d_]", words):
        return text("an answer in words is needed", "请用文字回答")
    if len(words) > LONGEST or not words.isprintable():
        return text("one line of {m} signs at most", "最多一行 {m} 个字", m=LONGEST)
    return None


def read_answers(source: str, file: str, asked: Template) -> tuple[Answers, list[Problem]]:
    """The answers in a YAML file; what is not answered there takes its default."""
    root, problems = located_yaml.load(source, file)
    if not isinstance(root, MappingNode):
        if not problems:
            message = text("answers are lines such as company: 青禾速运", "答案文件应由“company: 青禾速运”这样的行组成")
            problems.append(Problem(Location(file), message, "wrong-kind"))
        return {}, problems
    answers: Answers = {}
    for question in asked.questions:
        node = root.get(question.name)
        if node is None and not question.default:
            en, zh = "{n} is not answered: {q}", "缺少 {n}：{z}"
            message = text(en, zh, n=question.name, q=question.ask.en, z=question.ask.zh)
            problems.append(Problem(root.at, message, "missing-key"))
            continue
        given = _given(question, node) if node is not None else answer(question, default_of(question, answers))
        if isinstance(given, Text):
            at = node.at if node is not None else root.at
            wrong = Text(f"{question.name}: {given.en}", f"{question.name}：{given.zh}")
            problems.append(Problem(at, wrong, "bad-answer"))
        else:
            answers[question.name] = given
    known = [question.name for question in asked.questions]
    for key, _ in root.entries.values():
        if key.value not in known:
            near = did_you_mean(key.value, known)
            en, zh = 'nobody asks for "{k}"{n}', "没有“{k}”这个问题{m}"
            wrong = text(en, zh, k=key.value[:40], n=near.en, m=near.zh)
            problems.append(Problem(key.at, wrong, "unknown-key"))
    return answers, problems


def _given(question: Question, node: Node) -> Answer | Text:
    if isinstance(node, Scalar):
        return answer(question, node.value)
    if question.kind != "fields" or not isinstance(node, Sequence):
        return text("must be a text", "应是一段文字")
    named = []
    for item in node.items:
        name, kind = (item, None) if isinstance(item, Scalar) else _named(item)
        if not isinstance(name, Scalar) or not isinstance(kind, Scalar | None):
            return text("a field is a name, or {name: …, kind: …}", "每一项是名字，或 {name: …, kind: …}")
        named.append((name.value.strip(), kind.value if kind else ""))
    return fields(named)


def _named(item: Node) -> tuple[Node | None, Node | None]:
    return (item.get("name"), item.get("kind")) if isinstance(item, MappingNode) else (None, None)


# ------------------------------------------------------------------------------------------------ the files


def files_of(asked: Template, answers: Answers) -> dict[str, str]:
    """The text of each file of the new flow."""
    places = FileSystemLoader([_FOLDER / asked.name, _FOLDER / "common"])
    jinja = Environment(loader=places, undefined=StrictUndefined, keep_trailing_newline=True)
    jinja.filters |= {"yaml": partial(written, style='"'), "wording": _wording, "comment": _comment}
    company = str(answers["company"])
    titles = {"title_zh": f"{company}{asked.title.zh}", "title_en": f"{company}: {asked.title.en}"}
    wanted = [file for file, needs in asked.files.items() if needs == "always" or answers.get(needs)]
    return {file: jinja.get_template(f"{file}.j2").render(**answers, **titles) for file in wanted}


def _wording(words: str) -> str:
    """A text as a wording that means just itself; full-width brackets are signs of wordings, too."""
    return re.sub(r"([()\[\]{}|\\（）［］【】｛｝｜])", r"\\\1", words)


def _comment(words: str) -> str:
    return " ".join(words.split())


def _forbidden(plan: Plan) -> Iterator[Problem]:
    """Words to say that the flow itself forbids: an answer that no agent should give."""
    phrases = plan.flow.phrases
    for phrase in phrases.values():
        for wording in phrase.wordings if phrase.kind == "say" else ():
            for hit in plan.book.find(as_said(wording), "agent"):
                if phrases[hit.phrase].kind == "never":
                    en, zh = "“{w}” must not be said: it is {n}", "“{w}”不应说：属于禁用语 {n}"
                    message = text(en, zh, w=as_said(wording), n=hit.phrase)
                    yield Problem(phrase.places.get(wording, phrase.at), message, "forbidden-asked")


def check(files: Mapping[str, str], name: str) -> int:
    """Try a new flow; returns how many of its rehearsals passed: all. Raises ``BadFlow``."""
    flow, problems = read_flow(files, name)
    if flow is not None and not problems:
        plan = Plan.of(flow)
        outcomes = [rehearse(rehearsal, plan) for rehearsal in flow.rehearsals]
        problems = [Problem(f.at, f.message, "rehearsal") for outcome in outcomes for f in outcome.failures]
        problems += _forbidden(plan)
        if not problems:
            return len(outcomes)
    raise BadFlow(
        text(
            "these answers make no flow that works; nothing was written. Use other words, best whole sentences",
            "按这些回答生成的流程不能正常工作，未写出任何文件；请换一种说法，最好用完整的句子",
        ),
        problems,
    )
