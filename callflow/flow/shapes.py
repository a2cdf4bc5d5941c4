"""Every key of the flow language, once: what it holds and what it is for, in both languages.

The reader knows no key that is not here; ``callflow schema`` and the tables of ``docs/flow-language.md`` are made of
it. Rehearsals are in ``rehearsal_shapes``.
"""

from __future__ import annotations

from dataclasses import replace

from callflow.events import SPEAKERS
from callflow.flow.forms import (
    Both,
    Choice,
    Entries,
    Expression,
    Flag,
    Inside,
    Items,
    Key,
    Length,
    Name,
    Number,
    Prompts,
    Shape,
    Targets,
    Terms,
    Values,
    WordList,
    Words,
)
from callflow.flow.model import FOLDS
from callflow.flow.names import SEVERITIES
from callflow.flow.rehearsal_shapes import REHEARSAL_SHAPES
from callflow.texts import text

_CAUSE = Name(text("a cause", "原因"))
_CLAUSES = Name(text("clauses", "条款"), many=True)
_GROUP = Name(text("a group", "分组"))
_PHRASE = Name(text("a phrase", "短语"))
_STATE = Name(text("a state", "状态"))
_STATES = Name(text("states", "状态"), many=True)

_title = Key("title", Both(), text("what people see; left out: the name", "显示的名称；不写则用名字本身"))
_refs = Key("refs", _CLAUSES, text("the clauses of the guides that it serves", "所依据的规范条款"))
_group = Key("group", _GROUP, text("the group of the score that it counts in", "计入哪个评分分组"))
_cause = Key(
    "cause",
    _CAUSE,
    text("what dissatisfies if it goes wrong; left out: the group's", "出错会引起哪种不满；不写则按分组"),
)
_severity = Key("severity", Choice(SEVERITIES), text("how bad it is; left out: major", "严重程度；不写为 major"))

BOTH = Shape(
    "text",
    text("A text in both languages", "两种语言的文字"),
    (
        Key("zh", Words(said=True), text("in Chinese", "中文"), required=True),
        Key("en", Words(said=True), text("in English", "英文")),
    ),
)
FLOW = Shape(
    "flow",
    text("The flow as a whole", "整个流程"),
    (
        _title,
        Key("start", _STATE, text("the state a call begins in", "通话开始时的状态"), required=True),
        Key(
            "on",
            Targets(),
            text("transitions from every state; a state's own go first", "任何状态下的转移；状态自己的优先"),
        ),
        Key("folds", Choice(FOLDS, many=True), text("sounds taken for one another", "不加区分的读音")),
    ),
)
SLOT = Shape(
    "slot",
    text("A gap in wordings", "说法中的空位"),
    (
        Key("least", Number(1, 0, 60, whole=True), text("fewest syllables; left out: 1", "最少音节数；不写为 1")),
        Key("most", Number(8, 1, 60, whole=True), text("most syllables; left out: 8", "最多音节数；不写为 8")),
    ),
)
GROUP = Shape(
    "group",
    text("A group of the score", "评分分组"),
    (
        _title,
        Key("weight", Number(10, 0, 1e6), text("its share of the score; left out: 10", "占分比重；不写为 10")),
        Key("cause", _CAUSE, text("what dissatisfies if something of it goes wrong", "其中出错会引起哪种不满")),
    ),
)
CAUSE = Shape(
    "cause",
    text("What customers are dissatisfied with", "客户不满的原因"),
    (
        _title,
        Key("share", Number(0, 0, 100), text("per cent of customers who name it", "提到它的客户百分比")),
    ),
)
CLAUSE = Shape(
    "clause",
    text("A clause of the guides", "规范条款"),
    (
        Key(
            "kind",
            Choice(("say", "taboo", "step", "conduct", "tip", "out")),
            text("what it asks for; out: no part of a call", "属于哪一类；out 表示与通话无关"),
            required=True,
        ),
        Key("when", Words(), text("the situation that makes it due", "在什么情形下适用")),
        Key("text", WordList(said=True), text("what is (or must not be) said", "应说（或不应说）的话")),
        Key("need", Words(said=True), text("what else it asks for", "其他要求")),
        Key("cue", WordList(said=True), text("what a customer may say then", "客户此时可能说的话")),
    ),
)
PHRASE = Shape(
    "phrase",
    text("Something that can be said", "可能说到的话"),
    (
        Key("say", WordList(said=True), text("wordings that the agent should say", "坐席应说的话（各种说法）")),
        Key("never", WordList(said=True), text("wordings that the agent must not say", "坐席不能说的话")),
        Key("cue", WordList(said=True), text("wordings that tell something", "说明某种情况的话")),
        Key(
            "by",
            Choice(SPEAKERS),
            text("who says it; left out: agent, of a cue customer", "由谁说；不写为 agent，cue 为 customer"),
        ),
        _refs,
        Key(
            "unless", WordList(said=True), text("a hit inside one of these does not count", "命中若属于这些说法则不算")
        ),
        Key(
            "better",
            Words(said=True),
            text("what to say instead; required with never", "更好的说法；有 never 时必须写"),
        ),
        Key(
            "boundary",
            Choice(("anywhere", "start", "end", "sentence", "utterance")),
            text(
                "where in a sentence it counts; utterance: all that was said",
                "在句中何处才算；utterance 指整句话就是它",
            ),
        ),
        Key("exact", Flag(), text("sound for sound, without tolerance", "逐音一致，不容差")),
        Key("promise", Flag(), text("who says it promises something", "说了就是作出承诺")),
        _severity,
        _group,
        _cause,
    ),
    one_of=("say", "never", "cue"),
    needs=(("never", "better"),),
)
PROMPT = Shape(
    "prompt",
    text("What the agent sees", "坐席看到的提示"),
    (
        Key("say", Words(said=True), text("words to say", "要说的话")),
        Key("do", Words(said=True), text("something to do", "要做的事")),
        Key("ask", Words(said=True), text("something to ask", "要问的事")),
        Key("remind", Words(said=True), text("an item of the checklist", "清单中的一项")),
        Key("tip", Words(said=True), text("advice", "建议")),
        _refs,
        Key("priority", Number(0, 0, 1e6, whole=True), text("the highest is shown first", "数字大的先显示")),
        Key("cooldown", Length(), text("how long until it may come again", "多久之后才能再次出现")),
        Key(
            "most", Number(0, 0, 1e6, whole=True), text("how often in a call; 0: always", "一通电话最多几次；0 为不限")
        ),
    ),
    one_of=("say", "do", "ask", "remind", "tip"),
)
EXPRESSION = Shape(
    "expression",
    text("Several things that belong together", "几件事的组合"),
    (
        Key("all", Expression(), text("all of them, in any order", "全部发生，不论先后")),
        Key("any", Expression(), text("one of them", "其中之一")),
        Key("then", Expression(), text("all of them, in this order", "依次发生")),
        Key("not", Expression(), text("this does not happen", "它不发生")),
        Key("agent", _PHRASE, text("the agent says this phrase", "坐席说了该短语")),
        Key("customer", _PHRASE, text("the customer says this phrase", "客户说了该短语")),
    ),
    one_of=("all", "any", "then", "not", "agent", "customer"),
)
_judged = (_title, _refs, _group, _cause, _severity)
_not_assessed = Key(
    "not_assessed",
    Both(),
    text("instead of all that: why nobody can judge it from a call", "不写以上各项：为什么无法从通话评判"),
)
RULE = Shape(
    "rule",
    text("What must and must not happen", "什么必须发生，什么不能发生"),
    (
        *_judged,
        Key("after", Terms(), text("what triggers it", "由什么触发")),
        Key("before", Terms(), text("what it must have happened before", "必须在什么之前发生")),
        Key("expect", Expression(), text("what must come", "必须出现什么")),
        Key("never", Expression(), text("what must not come", "不能出现什么")),
        Key("first", Flag(), text("in the agent's very next utterance", "坐席的下一句话就要说")),
        Key("within", Length(counted=True), text("the time there is", "期限")),
        Key("in", _STATES, text("only while the call is in one of these states", "只在这些状态中适用")),
        Key("edge", Choice(("first", "last")), text("only the beginning or the end", "只看开头或结尾")),
        Key("span", Length(counted=True), text("how long the edge is", "开头或结尾有多长")),
        Key(
            "count",
            Number(1, 0, 1000, whole=True),
            text("how often; with never: how often at most", "几次；与 never 同用时为最多几次"),
        ),
        Key("once", Flag(), text("only the first time", "只算第一次")),
        Key("guidance", Flag(), text("prompts, and is never a finding", "只提示，不计入结果")),
        Key("unless", Expression(), text("what waives it", "出现什么就免除")),
        Key(
            "prompt",
            Prompts(many=False),
            text("what to show; left out: the phrase that is expected", "显示什么；不写则为应说的短语"),
        ),
        Key("better", Words(said=True), text("what would be better, where it is broken", "违反时提示的更好做法")),
        _not_assessed,
    ),
    one_of=("expect", "never"),
    needs=(("edge", "span"), ("span", "edge"), ("first", "after")),
)
NOT_ASSESSED = Shape(
    "rule that nobody can judge",
    text("What cannot be judged from a call", "无法从通话判断的要求"),
    (*_judged, replace(_not_assessed, required=True)),
)
FIELD = Shape(
    "field",
    text("Something to capture and read back", "要登记并复述的信息"),
    (
        Key(
            "kind",
            Choice(("digits", "name", "text")),
            text("what it is made of; left out: text", "内容类型；不写为 text"),
        ),
        Key("labels", WordList(), text("what people call it; left out: its name", "通话中怎么称呼它；不写为其名字")),
        Key("asked_by", _PHRASE, text("the agent's phrase that asks for it", "坐席用哪个短语询问"), required=True),
        Key("least", Number(1, 1, 100), text("fewest characters", "最少字数")),
        Key("most", Number(40, 1, 200), text("most characters", "最多字数")),
        _refs,
        Key("form", Words(), text("the fields that are captured together", "与哪些字段一起登记")),
    ),
)
STATE = Shape(
    "state",
    text("Where the call is", "通话所处的阶段"),
    (
        _title,
        Key("goal", Both(), text("what is to be done there", "此时要做到什么")),
        Key("prompts", Prompts(), text("what is shown there", "此时显示什么")),
        Key("on", Targets(), text("what leads on, and where to", "由什么转到哪里")),
        _refs,
        Key("detour", Flag(), text("previous leads back to where the call was before", "用 previous 回到之前的状态")),
        Key("final", Flag(), text("nothing leads out of it", "到此结束，不再转移")),
        Key("states", Entries("state"), text("states inside; the first is entered", "内含的状态；先进入第一个")),
    ),
)
SITUATION = Shape(
    "situation",
    text("What has come up in the call", "通话中出现的情形"),
    (
        _title,
        _refs,
        Key(
            "begins", Terms(), text("what begins it; left out: only the agent can", "由什么引出；不写则只能由坐席指明")
        ),
        Key("given", Terms(), text("only where one of these has happened", "只在其中之一发生过时")),
        Key("unless", Terms(), text("and only where none of these has", "且这些都没有发生过时")),
        Key("ends", Terms(), text("what ends it", "由什么结束")),
        Key("lasts", Length(), text("after it last began; left out: 60s", "最后一次出现后持续多久；不写为 60s")),
        Key("prompts", Prompts(), text("what is shown", "显示什么")),
    ),
)
FILE = Shape(
    "file",
    text("A flow of callflow, or a part of one", "callflow 流程，或其中一部分"),
    (
        Key("flow", Inside("flow"), FLOW.says),
        Key(
            "variables",
            Values(),
            text("texts that stand for {name} in wordings and prompts", "说法和提示中 {名字} 所代表的文字"),
        ),
        Key(
            "slots",
            Entries("slot"),
            text("gaps that any words may fill: {name} in wordings", "说法中可填任意词的空位：{名字}"),
        ),
        Key("groups", Entries("group"), text("the groups of the score", "评分分组")),
        Key("causes", Entries("cause"), CAUSE.says),
        Key("clauses", Entries("clause"), text("the clauses of the guides", "规范条款")),
        Key("phrases", Entries("phrase"), text("what can be said", "可能说到的话")),
        Key("rules", Entries("rule"), RULE.says),
        Key("fields", Entries("field"), FIELD.says),
        Key("states", Entries("state"), text("where a call can be", "通话的各个阶段")),
        Key("situations", Entries("situation"), text("what can come up in a call", "通话中可能出现的情形")),
        Key(
            "rehearsals",
            Items("rehearsal"),
            text("scripted calls with what must come of them", "写好的通话及应有的结果"),
        ),
    ),
)

SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        *(BOTH, FLOW, SLOT, GROUP, CAUSE, CLAUSE, PHRASE, PROMPT, EXPRESSION, RULE, NOT_ASSESSED, FIELD, STATE),
        *(SITUATION, FILE, *REHEARSAL_SHAPES),
    )
}
"""All shapes by name."""
