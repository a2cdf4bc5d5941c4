"""What the softphone tells people, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.texts import Text, text

if TYPE_CHECKING:
    from callflow.telephony.sip import SipAccount


def not_started(account: SipAccount, why: str) -> Text:
    where = account.listen or account.interface or account.domain
    return text(
        "it does not start at {w} ({e}): check address, port and sound device",
        "无法在 {w} 启动（{e}）：请检查地址、端口和声音设备",
        w=where,
        e=why,
    )


def refused(account: SipAccount, why: str) -> Text:
    return text(
        "{d} refuses {u}: {e} — check the user name and the password",
        "{d} 拒绝了 {u}：{e}。请检查用户名和密码",
        d=account.domain,
        u=account.user,
        e=why,
    )


def unregistered(account: SipAccount, why: str) -> Text:
    return text(
        "Not registered with {d} ({e}); it is tried again",
        "未能在 {d} 注册（{e}），将自动重试",
        d=account.domain,
        e=why,
    )


def no_sound(why: str) -> Text:
    return text("The softphone has no sound: {e}", "软电话没有声音：{e}", e=why)


def failed(command: str, why: str) -> Text:
    what = {
        "dial": ("Calling", "呼叫"),
        "answer": ("Answering", "接听"),
        "hold": ("Holding", "保持"),
        "resume": ("Resuming", "恢复"),
        "hang_up": ("Hanging up", "挂断"),
    }
    en, zh = what.get(command, ("Transferring", "转接"))
    return Text(f"{en} failed: {why}", f"{zh}失败：{why}")
