"""``callflow users``: who may look into an archive."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from rich.cells import cell_len

from callflow.archive import machines, users
from callflow.archive.store import Archive
from callflow.archive.viewers import ROLES, Role
from callflow.commands.archive import at_keyboard
from callflow.commands.common import note
from callflow.errors import BadInput
from callflow.texts import Text, text


def run_users(options: argparse.Namespace, language: str) -> int:
    """Everything about users; passwords come from the terminal or standard input, never as an option."""
    action, name = options.action, options.name
    if action != "list" and not name:
        raise BadInput(text("users {a} needs the name of a user", "users {a} 需要用户名", a=action))
    with Archive.open(options.archive, create=action == "add") as archive:
        if action == "list":
            _list(archive, language)
        elif action == "wall-token":
            print(machines.new_token(archive, name, at_keyboard()))
        else:
            print(_done(archive, options, language).in_(language))
    return 0


def _done(archive: Archive, options: argparse.Namespace, language: str) -> Text:
    """Do what is asked for, and say that it is done."""
    action, name, by = options.action, options.name, at_keyboard()
    if action == "add":
        role: Role = options.role or "supervisor"
        agent, team = options.agent or "", options.team or ""
        users.check(name, role, agent, team)
        _tell_of_unknown(archive, options, language)
        who: dict[str, Any] = {"agent": agent, "team": team, "reveal": bool(options.reveal), "language": language}
        users.add(archive, name, _password(language), role, **who, by=by)
        return text("{n} may log in as {r}", "{n} 可以登录，角色：{r}", n=name, r=ROLES[role])
    if action == "change":
        return _changed(archive, options, language, by)
    if action == "password":
        users.set_password(archive, name, _password(language), by)
        return text(
            "{n} has a new password, and is logged out everywhere", "{n} 的密码已更新，原有登录均已退出", n=name
        )
    if action == "remove":
        users.remove(archive, name, by)
        return text("{n} is removed", "已删除用户 {n}", n=name)
    if action == "wall-revoke":
        machines.revoke(archive, name, by)
        return text("the token of {n} is good no longer", "{n} 的令牌已失效", n=name)
    users.set_active(archive, name, action == "enable", by)
    if action == "enable":
        return text("{n} may log in again", "{n} 可以重新登录", n=name)
    return text("{n} may no longer log in", "{n} 已停用，不能再登录", n=name)


def _changed(archive: Archive, options: argparse.Namespace, language: str, by: str) -> Text:
    asked: dict[str, Any] = {name: getattr(options, name) for name in ("role", "agent", "team", "reveal")}
    if all(value is None for value in asked.values()):
        raise BadInput(
            text("users change: what is to change?", "users change：要修改什么？"),
            text(
                "give --role, --team, --agent, --reveal or --no-reveal",
                "请给出 --role、--team、--agent、--reveal 或 --no-reveal",
            ),
        )
    _tell_of_unknown(archive, options, language)
    users.change(archive, options.name, **asked, by=by)
    return text("{n} is changed", "已修改用户 {n}", n=options.name)


def _tell_of_unknown(archive: Archive, options: argparse.Namespace, language: str) -> None:
    for message in users.unknown(archive, options.agent or "", options.team or ""):
        note(message, language)


def _list(archive: Archive, language: str) -> None:
    """A line for each: name, role, whose calls, and what is special."""
    rows = []
    for user, agent, team in users.with_names(archive):
        marks = (
            (user.reveal, text("sees long numbers", "可见完整号码")),
            (not user.active, text("disabled", "已停用")),
        )
        special = ", ".join(mark.in_(language) for is_so, mark in marks if is_so)
        whose = agent if user.role == "agent" else team
        rows.append((user.name, ROLES[user.role].in_(language), whose, special))
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def _password(language: str) -> str:
    """Asked for twice on a terminal, else the first line of standard input."""
    if not sys.stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    first = getpass.getpass(text("password: ", "密码：").in_(language))
    if first != getpass.getpass(text("once more: ", "再输入一次：").in_(language)):
        raise BadInput(text("the two passwords differ", "两次输入的密码不同"))
    return first
