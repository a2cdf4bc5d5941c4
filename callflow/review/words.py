"""The words and signs by which the terminal and the report name things: one table, so that both say the same.

A sign stands beside every colour (``screens.md``: never colour alone).
"""

from __future__ import annotations

from typing import Final

from callflow.call import speakers
from callflow.events import CallContext
from callflow.flow.names import SEVERITY_TITLES
from callflow.texts import Text, text

SPEAKERS: Final = {"agent": Text("Agent", "坐席"), "customer": Text("Customer", "客户")}

VERDICTS: Final = {
    "violated": Text("violated", "违反"),
    "missed": Text("missed", "漏做"),
    "met": Text("met", "做到"),
    "not_assessed": Text("not assessed", "未评"),
}
VERDICT_SIGNS: Final = {"violated": "✕", "missed": "○", "met": "✓", "not_assessed": "–"}

DIRECTIONS: Final = {"inbound": Text("inbound", "呼入"), "outbound": Text("outbound", "呼出")}
SEVERITIES: Final = dict(reversed(SEVERITY_TITLES.items()))
"""The worst first."""
SEVERITY_ORDER: Final = tuple(SEVERITIES)

PROMPT_KINDS: Final = {
    "say": Text("Say", "说"),
    "do": Text("Do", "做"),
    "ask": Text("Ask", "问"),
    "warn": Text("Warning", "警告"),
    "remind": Text("Remember", "提醒"),
    "tip": Text("Tip", "提示"),
}
PROMPT_STATUSES: Final = {
    "shown": Text("still open", "未了"),
    "done": Text("done", "已做"),
    "withdrawn": Text("withdrawn", "撤回"),
    "expired": Text("ran out", "超时"),
}
PROMPT_SIGNS: Final = {"shown": "…", "done": "✓", "withdrawn": "–", "expired": "○"}

FIELD_STAGES: Final = {
    "heard": Text("heard", "已听到"),
    "read_back": Text("read back", "已复述"),
    "confirmed": Text("confirmed", "已确认"),
    "corrected": Text("corrected", "已更正"),
    "differs": Text("read back wrongly", "复述不符"),
}
FIELD_SIGNS: Final = {"heard": "·", "read_back": "↻", "confirmed": "✓", "corrected": "✎", "differs": "≠"}

CAUSES: Final = Text(
    "Causes of dissatisfaction (% of customers who name them)", "客户不满的原因（%：受访客户中提到它的比例）"
)
"""The shares are the flow's, of a survey among customers; they say nothing of this call."""

CALL_EVENTS: Final = {
    "call.ringing": Text("Ring", "振铃"),
    "call.answered": Text("Answered", "接听"),
    "call.held": Text("On hold", "保持"),
    "call.resumed": Text("Back from hold", "保持返回"),
    "call.transfer_started": Text("Transfer started", "开始转接"),
    "call.transfer_answered": Text("Transfer answered", "转接方接听"),
    "call.transfer_completed": Text("Transferred", "转接完成"),
    "call.transfer_failed": Text("Transfer failed", "转接失败"),
    "call.hung_up": Text("Hung up", "挂机"),
}
MOMENT_NOTES: Final = {
    "agent": Text("by the agent", "坐席先挂"),
    "customer": Text("by the customer", "客户先挂"),
    "no answer": Text("no answer", "无人接听"),
    "busy": Text("busy", "占线"),
    "rejected": Text("rejected", "被拒接"),
    "declined": Text("declined", "被拒接"),
    "cancelled": Text("cancelled", "已取消"),
    "timeout": Text("timed out", "超时"),
}
"""Who hung up, and why telephone systems commonly say that a transfer failed; what else they say is shown as it is."""


def guessed(context: CallContext) -> Text | None:
    """How surely the speakers were told apart where both are on one channel; ``None`` where each has their own."""
    if context.separate:
        return None
    if speakers.known(context):
        return text(
            "one channel: the speakers were guessed from what they say, {s:.0%} sure; where that is too little "
            "(marked ?) it is held against nobody",
            "单声道：说话人按话语内容推断，把握 {s:.0%}；不够确定处（标 ?）不作评判",
            s=context.told_apart,
        )
    return text(
        "one channel: the speakers could not be told apart well enough ({s:.0%} sure); what hangs on who spoke is not "
        "assessed",
        "单声道：无法可靠区分说话人（把握 {s:.0%}），凡取决于谁说话的均未评",
        s=context.told_apart,
    )


def clock(seconds: float) -> str:
    """``seconds`` as people read a call's clock: ``0:07``, ``12:34``, ``1:02:03``."""
    minutes, second = divmod(int(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def length(seconds: float) -> Text:
    """A stretch of time in words: ``33 s``, ``2 min 5 s``."""
    minutes, second = divmod(round(max(0.0, seconds)), 60)
    if not minutes:
        return Text(f"{second} s", f"{second} 秒")
    return (
        Text(f"{minutes} min {second} s", f"{minutes} 分 {second} 秒")
        if second
        else Text(f"{minutes} min", f"{minutes} 分")
    )


def points(value: float) -> str:
    """Points of a score without a needless ``.0``."""
    return f"{value:.1f}".removesuffix(".0")
