"""Lines of the guides, word for word, are found by a phrase that cites their clause."""

from __future__ import annotations

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan

PLAN = Plan.of(flowfiles.load("inbound")[0])
QUOTED = [
    ("JJ-1.1.2", "您好，请问您需要什么帮助？"),
    ("JJ-1.2.1", "非常抱歉，您刚才说的我不是很明白，麻烦您再讲一遍可以吗。"),
    ("JJ-1.3.2", "您的查询需要您提供发票资料，请您将资料传真到六二八四零零零零，收到传真后，我们会尽快为您处理。"),
    ("JJ-1.5.3", "您希望我怎样帮助您呢？"),
    ("JJ-1.5.5", "您反映的情况我已做好记录，我们会尽快答复您。"),
    ("JJ-1.5.5", "由于我们服务不周，给您添麻烦了，请您原谅。您是否能将详细情况告诉我？"),
    ("JJ-1.5.9a", "王先生，多谢您反映的意见，我们会尽快向上级部门反映，并在三天内给您明确的答复。"),
    ("JJ-1.5.9a", "您反映的问题我已经记录下来，请您放心，我们一定会为您妥善处理。"),
    ("JJ-1.5.9a", "请问您还需要其他帮助吗？"),
    ("JJ-1.7.1", "对不起，这里是国资商城物流事业部，请问您需要什么帮助？"),
    ("JJ-1.7.4a", "目前线路比较忙，请配合我们的工作，请把线路让给其他客户，再见！"),
    (
        "JJ-1.7.4a",
        "很抱歉，这里是国资商城物流事业部，我们正在工作，若您需要咨询我们业务方面的问题，我很乐意为您服务，"
        "其他工作以外的事情，很抱歉，我无法帮助您。",
    ),
    ("JJ-1.7.4a", "先生，请您使用文明用语，否则，很抱歉，我将结束这次通话。"),
    ("KF-2.1.2", "对不起，请您稍等"),
    ("KF-2.1.2", "对不起，您能让我了解一下情况吗？我会在半个小时时间之后回复您"),
    ("KF-3.4.8", "对不起，王先生，我非常抱歉"),
    ("KF-3.4.8", "李小姐，听到这件事我非常理解您的心情"),
]


@pytest.mark.parametrize(("clause", "line"), QUOTED)
def test_the_guides_own_line_is_found(clause: str, line: str) -> None:
    hits = PLAN.book.find(line, "agent")
    cited = [hit.phrase for hit in hits if clause in PLAN.flow.phrases[hit.phrase].refs]
    assert cited, [hit.phrase for hit in hits]


@pytest.mark.parametrize(
    "said",
    [
        "我想问一下我上个星期在你们那里买的东西",
        "我想查一下我的账单",
        "我电话打不通",
        "我不是要投诉",
        "我没有要投诉你们",
    ],
)
def test_a_customer_who_says_something_else(said: str) -> None:
    found = {hit.phrase for hit in PLAN.book.find(said, "customer")}
    assert found & {"wants-shipment", "complains", "complains-of-waiting"} == set()


@pytest.mark.parametrize(
    ("said", "phrase"),
    [
        ("我想问一下我的货", "wants-shipment"),
        ("查一下我的单子", "wants-shipment"),
        ("你们电话一直打不通", "complains-of-waiting"),
        ("我要投诉", "lodges-complaint"),
    ],
)
def test_a_customer_who_says_it(said: str, phrase: str) -> None:
    assert phrase in {hit.phrase for hit in PLAN.book.find(said, "customer")}
