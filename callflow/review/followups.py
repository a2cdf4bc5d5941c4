"""What the agent promised, as somebody who has to keep it wants it: the words, when they were said, and by when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from callflow.call.promises import began_at
from callflow.events import CallContext, Promise
from callflow.texts import Text, text


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A promise at ``at`` seconds of the call. ``when`` are the words that say when, ``""`` for none; ``by`` is the
    latest moment they allow: of the clock where the hour of the call is known, else from the promise on."""

    at: float
    said: str
    when: str
    by: Text


def follow_ups(promises: Iterable[Promise], context: CallContext) -> tuple[FollowUp, ...]:
    """The promises of a call, in their order."""
    return tuple(FollowUp(one.start, one.said, one.when, _by(one, context)) for one in promises)


def _by(promise: Promise, context: CallContext) -> Text:
    began = began_at(context.date)
    if not promise.when:
        return text("no time given", "没有说明时间")
    if promise.due is None:  # 明天上午 is a time, too, but nobody told us when the call was
        return text("as said", "以原话为准") if began is None else text("no fixed time", "没有确定的时间")
    if began is None:
        return _within(promise.due)
    try:
        until = began + timedelta(seconds=promise.end + promise.due)
    except OverflowError:  # after the year 9999
        return _within(promise.due)
    return text("by {t}", "{t} 前", t=until.strftime("%Y-%m-%d %H:%M"))


def _within(seconds: float) -> Text:
    """``within 2 h``: in the largest unit that leaves no fraction."""
    for length, en, zh in ((86400, "days", "天"), (3600, "h", "小时"), (60, "min", "分钟")):
        if seconds % length == 0:
            return text("within {n} {u}", "{n} {z}内", n=f"{seconds / length:g}", u=en, z=zh)
    return text("within {n} s", "{n} 秒内", n=f"{seconds:g}")
