"""What leads a call on, in few words: triggers of transitions for people who do not know the flow language."""

from __future__ import annotations

from callflow.call.spoken import plain_wording
from callflow.flow.model import Flow, Transition
from callflow.texts import Text, text

MOST_SAID = 14
"""Characters of a phrase that are shown."""

EVENTS = {
    "call.ringing": text("ring", "振铃"),
    "call.answered": text("answered", "接听"),
    "call.held": text("hold", "按保持键"),
    "call.resumed": text("back from hold", "保持返回"),
    "call.transfer_started": text("transfer begins", "开始转接"),
    "call.transfer_answered": text("transfer answered", "对方接听"),
    "call.transfer_completed": text("transfer done", "转接完成"),
    "call.transfer_failed": text("transfer failed", "转接失败"),
    "call.hung_up": text("hang-up", "挂机"),
    "agent.action": text("by hand", "坐席手动"),
    "acoustic.silence": text("silence", "静默"),
    "acoustic.overlap": text("cuts in", "抢话"),
    "acoustic.fast": text("speaks fast", "语速快"),
    "acoustic.slow": text("speaks slowly", "语速慢"),
    "acoustic.loud": text("speaks loudly", "声音大"),
    "acoustic.quiet": text("speaks quietly", "声音小"),
    "acoustic.unclear": text("speaks unclearly", "发音不清"),
}
DAYS = {
    "workday": text("a workday", "工作日"),
    "weekend": text("a weekend", "周末"),
    "holiday": text("a holiday", "节日"),
}
MANNERS = {"speaks": text("speaks", "说话"), "explains": text("speaks at length", "连续说话")}
SPEAKERS = {"agent": text("agent", "坐席"), "customer": text("customer", "客户")}
STAGES = {
    "heard": text("heard", "已登记"),
    "read_back": text("read back", "已核对"),
    "confirmed": text("confirmed", "已确认"),
    "differs": text("read back wrongly", "核对有误"),
    "corrected": text("corrected", "已更正"),
}


def trigger_words(transition: Transition, flow: Flow, language: str) -> str:
    """The trigger of a transition: 坐席“您方便在线等候吗”, 45 秒无人说话."""
    if transition.after is not None:
        return text("{n:g} s without a word", "{n:g} 秒无人说话", n=transition.after).in_(language)
    return term_words(transition.key, flow).in_(language)


def term_words(key: str, flow: Flow) -> Text:
    """A term of the flow language in words."""
    head, _, rest = key.partition(" ")
    if head in EVENTS:
        event, speaker = EVENTS[head], SPEAKERS.get(rest)
        return Text(f"{event.en}: {speaker.en}", f"{speaker.zh}{event.zh}") if speaker else event
    if head in SPEAKERS:
        speaker = SPEAKERS[head]
        if rest in MANNERS:
            return Text(f"{speaker.en} {MANNERS[rest].en}", f"{speaker.zh}{MANNERS[rest].zh}")
        phrase = flow.phrases.get(rest)
        said = shortened(plain_wording(phrase, flow) if phrase else rest, MOST_SAID)
        return Text(f"{speaker.en} “{said}”", f"{speaker.zh}“{said}”")
    if head == "situation" and rest in flow.situations:
        return flow.situations[rest].title
    if head == "state" and rest in flow.states:
        return flow.states[rest].title
    if head == "day":
        return DAYS.get(rest, Text(rest, rest))
    if head in ("fields", "field"):
        which, _, stage = rest.rpartition(" ")
        words = STAGES.get(stage, Text(stage, stage))
        if head == "field":
            return Text(f"{which} {words.en}", f"{which}{words.zh}")
        return Text(f"all fields {words.en}", f"各项信息{words.zh}")
    return Text(key, key)


def shortened(words: str, most: int) -> str:
    """``words`` in no more than about ``most`` characters; a Latin letter is half of one."""
    width = 0.0
    for place, char in enumerate(words):
        width += 0.55 if char.isascii() else 1.0
        if width > most:
            return words[:place].rstrip("，, ") + "…"
    return words.rstrip("。，")
