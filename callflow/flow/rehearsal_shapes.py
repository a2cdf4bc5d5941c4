"""The keys of rehearsals (see ``shapes``)."""

from __future__ import annotations

from callflow.events import SPEAKERS
from callflow.flow.forms import Choice, Flag, Items, Key, Length, Name, Number, Shape, Words
from callflow.flow.names import ACOUSTIC_EVENTS, CALL_EVENTS, FIELD_STAGES
from callflow.texts import Text, text

TERMS = (*CALL_EVENTS, *ACOUSTIC_EVENTS)
"""The events that are a step by themselves."""
ACTION = "agent.action"
_MEASURED = ("acoustic.rate", "acoustic.loudness")
EVENTS = (*(event for event in TERMS if " " not in event), *_MEASURED, ACTION, "call.context", "gap")
FIGURES = ("per_minute", "dbfs", "confidence")
STEPS = (*SPEAKERS, "wait", "event")

_PHRASE = Name(text("a phrase", "短语"))
_figure = Number(0.0, -1000.0, 10_000.0)

DETAILS = (
    Key("to", Words(), text("to whom a call is transferred", "转接给谁")),
    Key("reason", Words(), text("why it failed", "失败原因")),
    Key("by", Words(), text("who did it: agent or customer", "由谁引起：agent 或 customer")),
    Key("action", Words(), text("what the agent did on the screen", "坐席在界面上的操作")),
    Key("target", Words(), text("what it was done to", "操作对象")),
    Key("value", Words(), text("the value that was typed", "填写的内容")),
    Key("date", Words(), text("the day of the call, 2026-10-01", "通话日期，如 2026-10-01")),
    Key("day", Words(), text("the kind of day: workday, weekend, holiday", "日子类型：workday、weekend、holiday")),
    Key("holiday", Words(), text("the holiday's name", "节日名称")),
    Key(
        "telephony",
        Words(),
        text("where call events come from: events, sound or none", "通话事件的来源：events、sound 或 none"),
    ),
)
STEP = Shape(
    "step",
    text("One step of a scripted call", "通话中的一步"),
    (
        Key("agent", Words(), text("what the agent says", "坐席说的话")),
        Key("customer", Words(), text("what the customer says", "客户说的话")),
        Key("wait", Length(), text("time passes", "等待多久")),
        Key("event", Choice(EVENTS), text("something happens", "发生的事件")),
        Key("for", Length(), text("how long it lasts", "持续多久")),
        Key("sooner", Length(), text("so long before its turn it begins", "比该说的时候提前多久开始")),
        Key("separate", Flag(), text("whether each speaker has a channel", "双方是否各有一个声道")),
        *DETAILS,
        Key("per_minute", _figure, text("syllables a minute", "每分钟音节数")),
        Key("dbfs", _figure, text("loudness", "响度")),
        Key("confidence", _figure, text("how sure the recogniser is, 0 to 1", "识别置信度，0 到 1")),
    ),
    one_of=STEPS,
)
LINE = Shape(
    "line",
    text("A line that somebody says", "一句台词"),
    tuple(key for key in STEP.keys if key.name in SPEAKERS),
    one_of=SPEAKERS,
)
SCRIPT = Shape(
    "rehearsal",
    text("A scripted call with what must come of it", "写好的通话及应有的结果"),
    (
        Key("name", Words(), text("what it is called", "名称"), required=True),
        Key("call", Items("step", said=True), text("its steps", "各步骤"), required=True),
        Key("expect", Items("expectation"), text("what must come of it", "必须出现的结果")),
        Key("never", Items("expectation"), text("what must not come of it", "不能出现的结果")),
        Key(
            "phrase",
            _PHRASE,
            text("instead of name and call: a phrase to try lines on", "不写 name 和 call：要试的短语"),
        ),
        Key("fires", Items("line", said=True), text("lines that it must be heard in", "必须命中的台词")),
        Key("silent", Items("line", said=True), text("lines that it must not be heard in", "不能命中的台词")),
    ),
)
QUICK = Shape(
    "rehearsal of a phrase",
    text("Lines that a phrase is, and is not, heard in", "某短语应命中和不应命中的台词"),
    tuple(
        Key(key.name, key.form, key.says, required=key.name == "phrase")
        for key in SCRIPT.keys
        if key.name in ("phrase", "fires", "silent")
    ),
)


def _expectation(what: str, form: Words | Name, says: Text, *details: Key) -> Shape:
    return Shape(f"expectation of a {what}", says, (Key(what, form, says, required=True), *details))


EXPECTATIONS: dict[str, Shape] = {
    "finding": _expectation(
        "finding",
        Name(text("a rule or forbidden phrase", "规则或禁语")),
        text("what a rule, or a forbidden phrase, comes to", "规则或禁语的结果"),
        Key(
            "verdict",
            Choice(("met", "missed", "violated", "not_assessed")),
            text("how it comes out; left out: any", "结果；不写为任意"),
        ),
    ),
    "prompt": _expectation(
        "prompt",
        Words(),
        text("part of a prompt's words", "提示中的文字"),
        Key(
            "status",
            Choice(("shown", "done", "withdrawn", "expired")),
            text("what becomes of it; left out: shown", "后来怎样；不写为 shown"),
        ),
    ),
    "match": _expectation("match", _PHRASE, text("a phrase that is heard", "命中的短语")),
    "state": _expectation(
        "state",
        Name(text("a state", "状态")),
        text("a state that is entered", "进入的状态"),
        Key("from", Name(text("a state", "状态")), text("the state that was left for it", "从哪个状态进入")),
    ),
    "situation": _expectation(
        "situation",
        Name(text("a situation", "情形")),
        text("a situation that comes up", "出现的情形"),
        Key(
            "value",
            Choice(("begun", "over")),
            text("whether it begins or is over; left out: begun", "开始还是结束；不写为 begun"),
        ),
    ),
    "field": _expectation(
        "field",
        Name(text("a field", "字段")),
        text("a field that is captured", "登记的字段"),
        Key("value", Words(), text("its value; left out: any", "内容；不写为任意")),
        Key("stage", Choice(FIELD_STAGES), text("the stage it reaches; left out: any", "到达的阶段；不写为任意")),
    ),
    "promise": _expectation("promise", Words(), text("part of the words that say when", "说明时间的文字")),
}
ANY_EXPECTATION = Shape(
    "expectation",
    text("What must, or must not, come of a call", "通话应有或不应有的结果"),
    tuple({key.name: key for shape in EXPECTATIONS.values() for key in shape.keys}.values()),
    one_of=tuple(EXPECTATIONS),
)

REHEARSAL_SHAPES = (STEP, LINE, SCRIPT, QUICK, ANY_EXPECTATION, *EXPECTATIONS.values())
