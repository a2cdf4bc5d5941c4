"""Values heard from the customer, read back by the agent, confirmed, corrected, or read back wrongly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pypinyin import Style, lazy_pinyin

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.call.spoken_values import digit_runs
from callflow.events import AgentAction, CallAnswered, Event, FieldValue, Heard, Prompt, Speaker, State
from callflow.flow.read import read_flow
from callflow.phrases.sounds import Sounds

Played = Callable[..., list[Event]]

FIELDS = """
phrases:
  ask-name: {say: [请问联系人是哪位]}
  ask-phone: {say: [请问联系电话是多少]}
  ask-address: {say: [请问送货地址是哪里]}
  ask-goods: {say: [请问货物名称是什么]}
  agrees: {by: customer, cue: [对, 对的, 是的, 可以], boundary: sentence}
  disagrees: {by: customer, cue: [不对, 不是, 错了], boundary: start}
  complains: {by: customer, cue: [服务太差了]}
fields:
  联系人: {kind: name, asked_by: ask-name, labels: [联系人], most: 8}
  电话: {kind: digits, asked_by: ask-phone, labels: [联系电话, 电话], least: 7, most: 12}
  地址: {kind: text, asked_by: ask-address, labels: [送货地址], least: 2}
  货物: {kind: text, asked_by: ask-goods, labels: [货物名称, 货物]}
"""
PHONE = "agent: 请问联系电话是多少？, customer: 幺三八二四六七九零五三。"
NAME = "agent: 请问联系人是哪位？, customer: 我叫王建国。"
ADDRESS = "agent: 请问送货地址是哪里？, customer: 北京市朝阳区建国路二十号。"

CASES = [
    ("asked and told", f"[{PHONE}]", ["电话 13824679053 heard"]),
    ("told unasked, with its label", "[customer: 我的电话是一三八二四六七九零五三。]", ["电话 13824679053 heard"]),
    ("told unasked, without a label", "[customer: 一三八二四六七九零五三。]", []),
    ("asked, but told long after", "[agent: 请问联系电话是多少？, wait: 40s, customer: 一三八二四六七九零五三。]", []),
    ("asked, and put off", "[agent: 请问联系电话是多少？, customer: 等一下啊。]", []),
    (
        "a pause splits it",
        "[agent: 请问联系电话是多少？, customer: 幺三八。, customer: 二四六七。, customer: 九零五三。]",
        ["电话 1382467 heard", "电话 13824679053 heard"],
    ),
    (
        "the agent says 嗯 in between",
        "[agent: 请问联系电话是多少？, customer: 幺三八。, agent: 嗯。, customer: 二四六七九零五三。]",
        ["电话 13824679053 heard"],
    ),
    (
        "a name that was not given when asked, and something said later",
        "[agent: 请问联系人是哪位？, customer: 我希望。, agent: 请您把具体情况告诉我。, customer: 就是这样啊。]",
        [],
    ),
    (
        "a name, after a second question before any answer",
        "[agent: 请问联系人是哪位？, agent: 方便告诉我一下吗？, customer: 王建国。]",
        ["联系人 王建国 heard"],
    ),
    ("a name without 我叫", "[agent: 请问联系人是哪位？, customer: 嗯，王建国。]", ["联系人 王建国 heard"]),
    ("a name with 我叫 and 吧", "[agent: 请问联系人是哪位？, customer: 那就是王建国吧。]", ["联系人 王建国 heard"]),
    (
        "an address in two breaths",
        "[agent: 请问送货地址是哪里？, customer: 北京市朝阳区。, customer: 建国路二十号。]",
        ["地址 北京市朝阳区 heard", "地址 北京市朝阳区 建国路二十号 heard"],
    ),
    (
        "two in one sentence",
        "[customer: 联系人是王建国，电话是一三八二四六七九零五三。]",
        ["联系人 王建国 heard", "电话 13824679053 heard"],
    ),
    (
        "read back and confirmed",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零五三，对吗？, customer: 对的。]",
        ["电话 13824679053 heard", "电话 13824679053 read_back", "电话 13824679053 confirmed"],
    ),
    (
        "read back in parts",
        f"[{PHONE}, agent: 联系电话幺三八。, agent: 二四六七。, agent: 九零五三，对吗？, customer: 对。]",
        ["电话 13824679053 heard", "电话 13824679053 read_back", "电话 13824679053 confirmed"],
    ),
    (
        "read back only in part",
        f"[{PHONE}, agent: 联系电话幺三八二四六七，对吗？, customer: 对。]",
        ["电话 13824679053 heard"],
    ),
    (
        "read back without the label",
        f"[{PHONE}, agent: 幺三八二四六七九零五三，对吗？]",
        ["电话 13824679053 heard", "电话 13824679053 read_back"],
    ),
    (
        "one digit wrong",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零八三，对吗？]",
        ["电话 13824679053 heard", "电话 13824679083 differs"],
    ),
    (
        "wrong, then right",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零八三，对吗？, customer: 不对。, "
        "agent: 联系电话幺三八二四六七九零五三，对吗？, customer: 对。]",
        [
            "电话 13824679053 heard",
            "电话 13824679083 differs",
            "电话 13824679053 read_back",
            "电话 13824679053 confirmed",
        ],
    ),
    (
        "read back right, and corrected by the customer",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零五三，对吗？, customer: 不对，是幺三八二四六七九零五六。]",
        ["电话 13824679053 heard", "电话 13824679053 read_back", "电话 13824679056 corrected"],
    ),
    (
        "another number is not a read-back",
        f"[{PHONE}, agent: 您的单号是九九零零七七，对吗？]",
        ["电话 13824679053 heard"],
    ),
    (
        "the number of a house is no read-back, whatever its digits are like",
        f"[{PHONE}, {ADDRESS}, agent: 送货地址北京市朝阳区建国路八二四号，对吗？]",
        [
            "电话 13824679053 heard",
            "地址 北京市朝阳区建国路二十号 heard",
            "地址 北京市朝阳区建国路二十号 read_back",
        ],
    ),
    (
        "nor is it without its label",
        f"[{PHONE}, agent: 是建国路八二四号，对吗？]",
        ["电话 13824679053 heard"],
    ),
    (
        "the wrong number without its label, after a name",
        f"[{PHONE}, agent: 联系人王建国，幺三八二四六七九零八三，对吗？]",
        ["电话 13824679053 heard", "电话 13824679083 differs"],
    ),
    (
        "read back in parts without the label, the second wrong",
        f"[{PHONE}, agent: 幺三八。, agent: 二四七。]",
        ["电话 13824679053 heard", "电话 138247 differs"],
    ),
    (
        "a name read back",
        f"[{NAME}, agent: 联系人王建国，对吗？, customer: 是的。]",
        ["联系人 王建国 heard", "联系人 王建国 read_back", "联系人 王建国 confirmed"],
    ),
    (
        "a name that only sounds the same",
        f"[{NAME}, agent: 联系人汪建国，对吗？]",
        ["联系人 王建国 heard", "联系人 王建国 read_back"],
    ),
    ("another name", f"[{NAME}, agent: 联系人李卫东，对吗？]", ["联系人 王建国 heard", "联系人 李卫东 differs"]),
    (
        "an address read back with a slip of the recogniser",
        f"[{ADDRESS}, agent: 送货地址北京市朝阳区建国路二十好，对吗？, customer: 对。]",
        [
            "地址 北京市朝阳区建国路二十号 heard",
            "地址 北京市朝阳区建国路二十号 read_back",
            "地址 北京市朝阳区建国路二十号 confirmed",
        ],
    ),
    (
        "another address",
        f"[{ADDRESS}, agent: 送货地址南京市鼓楼区中山北路三号，对吗？]",
        ["地址 北京市朝阳区建国路二十号 heard", "地址 南京市鼓楼区中山北路三号 differs"],
    ),
    (
        "two read back at once",
        f"[{NAME}, {PHONE}, agent: 联系人王建国，联系电话幺三八二四六七九零五三，对吗？, customer: 对。]",
        [
            "联系人 王建国 heard",
            "电话 13824679053 heard",
            "联系人 王建国 read_back",
            "电话 13824679053 read_back",
            "联系人 王建国 confirmed",
            "电话 13824679053 confirmed",
        ],
    ),
    (
        "yes to something else confirms nothing",
        f"[{PHONE}, agent: 请您稍等。, customer: 对。]",
        ["电话 13824679053 heard"],
    ),
    ("a complaint about the goods", "[customer: 我的货物怎么还没到, customer: 货物是怎么回事？]", []),
    ("a question about the address", "[customer: 我想问一下送货地址能不能改。]", []),
    ("a question with 是不是", "[customer: 送货地址是不是写错了？]", []),
    ("changed by the customer", "[customer: 联系人改成李丽。]", ["联系人 李丽 heard"]),
    ("goods that end like a particle", "[agent: 请问货物名称是什么？, customer: 亚麻。]", ["货物 亚麻 heard"]),
    ("a label without 是", "[customer: 送货地址北京市朝阳区。]", []),
    (
        "asked, the label alone is enough",
        "[agent: 请问送货地址是哪里？, customer: 送货地址北京市朝阳区。]",
        ["地址 北京市朝阳区 heard"],
    ),
    ("not understood", "[agent: 请问联系人是哪位？, customer: 我没听清。]", []),
    ("put off", "[agent: 请问联系人是哪位？, customer: 你等一下。, customer: 稍等啊。]", []),
    ("say again", "[agent: 请问送货地址是哪里？, customer: 你说什么？, customer: 麻烦再说一遍。]", []),
    ("a complaint for an answer", "[agent: 请问货物名称是什么？, customer: 服务太差了。]", []),
    (
        "a complaint, then the name",
        "[agent: 请问联系人是哪位？, customer: 服务太差了。, customer: 王建国。]",
        ["联系人 王建国 heard"],
    ),
    ("goods and a question", "[customer: 货物是钢材，明天能发吗？]", ["货物 钢材 heard"]),
    (
        "goods and a question, asked",
        "[agent: 请问货物名称是什么？, customer: 钢材，三吨，什么时候能到？]",
        ["货物 钢材，三吨 heard"],
    ),
    (
        "an address with commas",
        "[customer: 送货地址是上海市，浦东新区，张江路八号，麻烦快一点。]",
        ["地址 上海市，浦东新区，张江路八号 heard"],
    ),
    ("a name and more", "[agent: 请问联系人是哪位？, customer: 我叫王建国，男的。]", ["联系人 王建国 heard"]),
    (
        "a question does not go on with an address",
        f"[{ADDRESS}, customer: 明天能到吗？]",
        ["地址 北京市朝阳区建国路二十号 heard"],
    ),
    (
        "wrong, and corrected by the customer",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零五四，对吗？, customer: 不对，是幺三八二四六七九零三五。, "
        "agent: 联系电话幺三八二四六七九零三五，对吗？, customer: 对。]",
        [
            "电话 13824679053 heard",
            "电话 13824679054 differs",
            "电话 13824679035 corrected",
            "电话 13824679035 read_back",
            "电话 13824679035 confirmed",
        ],
    ),
    (
        "wrong, and corrected in parts",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零五四，对吗？, customer: 不对，是幺三八二。, "
        "customer: 四六七九零三五。]",
        ["电话 13824679053 heard", "电话 13824679054 differs", "电话 13824679035 corrected"],
    ),
    (
        "wrong, and only the end told: what was heard stays",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零五四，对吗？, customer: 不对，尾号零五三。, "
        "agent: 联系电话幺三八二四六七九零五三，对吗？]",
        ["电话 13824679053 heard", "电话 13824679054 differs", "电话 13824679053 read_back"],
    ),
    (
        "wrong, and yes",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零五四，对吗？, customer: 对。]",
        ["电话 13824679053 heard", "电话 13824679054 differs"],
    ),
    (
        "an address corrected after 不是",
        f"[{ADDRESS}, agent: 送货地址南京市鼓楼区中山北路三号，对吗？, customer: 不是南京，是北京市海淀区上地三街。]",
        [
            "地址 北京市朝阳区建国路二十号 heard",
            "地址 南京市鼓楼区中山北路三号 differs",
            "地址 北京市海淀区上地三街 corrected",
        ],
    ),
    (
        "another name, and yes: no name is taken from it",
        f"[{NAME}, agent: 联系人李卫东，对吗？, customer: 对的。]",
        ["联系人 王建国 heard", "联系人 李卫东 differs"],
    ),
    (
        "the number before its label",
        f"[{PHONE}, agent: 幺三八二四六七九零五三是您的联系电话，对吗？, customer: 对。]",
        ["电话 13824679053 heard", "电话 13824679053 read_back", "电话 13824679053 confirmed"],
    ),
    (
        "the wrong number before its label",
        f"[{PHONE}, agent: 幺三八二四六七九零五四是您的联系电话，对吗？]",
        ["电话 13824679053 heard", "电话 13824679054 differs"],
    ),
    (
        "confirmed once only",
        f"[{PHONE}, agent: 联系电话幺三八二四六七九零五三，对吗？, customer: 对。, "
        "agent: 幺三八二四六七九零五三，对吗？, customer: 对。]",
        ["电话 13824679053 heard", "电话 13824679053 read_back", "电话 13824679053 confirmed"],
    ),
]


def told(outputs: list[Event]) -> list[str]:
    return [f"{output.name} {output.value} {output.stage}" for output in outputs if isinstance(output, FieldValue)]


@pytest.mark.parametrize(("call", "fields"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_field(played: Played, call: str, fields: list[str]) -> None:
    assert told(played(FIELDS, call)) == fields


def test_a_wrong_read_back_warns_at_once(played: Played) -> None:
    outputs = played(FIELDS, f"[{PHONE}, agent: 联系电话幺三八二四六七九零八三，对吗？]")
    differs = next(output for output in outputs if isinstance(output, FieldValue) and output.stage == "differs")
    warning = next(output for output in outputs if isinstance(output, Prompt) and output.kind == "warn")
    assert warning.at == differs.at
    assert "13824679053" in warning.text
    assert warning.said == "13824679083"


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("幺三八二四六七九零五三", "13824679053"),
        ("一三八两四六七九零五三", "13824679053"),
        ("138 2467 9053", "13824679053"),
        ("１３８２４６７９０５３", "13824679053"),
        ("幺三八，二四六七，九零五三", "13824679053"),
        ("洞拐八", ""),  # 拐 as a digit is believed as a sound only
        ("妖三八二四六七", "382467"),  # misheard at the edge: not believed
        ("三妖八二是六七", "3182467"),  # 妖 for 幺 and 是 for 四 between digits
        ("你等一下，三天以后再说", ""),
        ("六八二", "682"),
        ("两百", ""),
    ],
)
def test_digits_as_characters(spoken: str, digits: str) -> None:
    assert "".join(run.digits for run in digit_runs(Sounds().of_text(spoken))) == digits


@pytest.mark.parametrize("style", [Style.TONE, Style.TONE3, Style.NORMAL], ids=["marks", "numbers", "toneless"])
def test_fields_from_a_recogniser_that_writes_pinyin(inbound: Plan, style: Style) -> None:
    guide, outputs, now = Guide(inbound), list[Event](), 0.0
    outputs += guide.feed(CallAnswered(at=0.0))

    def say(speaker: Speaker, text: str) -> None:
        nonlocal now
        sounds = tuple(lazy_pinyin(text, style=style))
        outputs.extend(
            guide.feed(
                Heard(at=now + 3, speaker=speaker, sounds=sounds, start=now + 1, end=now + 3, utterance=f"{now}")
            )
        )
        now += 3

    say("agent", "请问联系电话是多少")
    say("customer", "嗯幺三八两四六七")
    say("customer", "九零五三")
    say("agent", "联系电话幺三八二四六七九零五三对吗")
    say("customer", "对的")
    say("agent", "请问联系人是哪位")
    say("customer", "我叫王建国")
    assert "电话 13824679053 confirmed" in " ".join(told(outputs))
    name = next(output for output in outputs if isinstance(output, FieldValue) and output.name == "联系人")
    assert name.value == " ".join(lazy_pinyin("王建国", style=style))


def test_what_the_agent_types_is_confirmed(inbound: Plan) -> None:
    guide = Guide(inbound)
    guide.feed(CallAnswered(at=0.0))
    edit = AgentAction(at=1.0, action="edit", target="联系人", value="王建国")
    assert told(guide.feed(edit)) == ["联系人 王建国 confirmed"]
    assert told(guide.feed(edit)) == [], "confirmed once only"
    assert guide.feed(AgentAction(at=2.0, action="edit", target="没有这一项", value="x")) == []


FORMS = """
flow: {title: t, start: talk}
states:
  talk: {on: {fields a heard: ready}}
  ready: {on: {fields heard: done}}
  done: {}
phrases:
  ask-name: {say: [请问联系人是哪位]}
  ask-phone: {say: [请问联系电话是多少]}
  ask-goods: {say: [请问货物名称是什么]}
fields:
  联系人: {kind: name, form: a, asked_by: ask-name}
  电话: {kind: digits, form: a, asked_by: ask-phone, least: 7}
  货物: {kind: text, asked_by: ask-goods}
"""


def test_a_form_is_heard_when_its_own_fields_are(played: Played) -> None:
    outputs = played(FORMS, f"[{NAME}, {PHONE}, agent: 请问货物名称是什么？, customer: 钢材。]")
    steps = [f"{o.to}" if isinstance(o, State) else f"{o.name}" for o in outputs if isinstance(o, (State, FieldValue))]
    assert steps == ["talk", "联系人", "电话", "ready", "货物", "done"]


@pytest.mark.parametrize(
    ("term", "fields", "code"),
    [
        ("fields b heard", "联系人: {form: a, asked_by: hello}", "unknown-form"),
        ("fields heard", "联系人: {form: a, asked_by: hello}", "unknown-form"),
        ("fields a hear", "联系人: {form: a, asked_by: hello}", "unknown-stage"),
        ("fields a heard", "联系人: {form: a, asked_by: hello}", ""),
        ("fields heard", "联系人: {asked_by: hello}", ""),
    ],
)
def test_a_form_that_is_not_there_is_a_problem(term: str, fields: str, code: str) -> None:
    source = f"""
flow: {{title: t, start: talk}}
states: {{talk: {{on: {{{term}: done}}}}, done: {{}}}}
phrases: {{hello: {{say: [您好]}}}}
fields: {{{fields}}}
"""
    found = [problem.rule for problem in read_flow({"t.yaml": source}, "t")[1] if problem.rule.startswith("unknown")]
    assert found == ([code] if code else [])
