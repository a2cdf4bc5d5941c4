"""The audit log, for administrators: who logged in, listened, took, decided or deleted what, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from nicegui import run, ui

from callflow.archive import audit
from callflow.review import known
from callflow.review.desk.books import Books
from callflow.review.desk.calls import moment
from callflow.texts import Text, text
from callflow.web.pages import Section
from callflow.web.site import Site
from callflow.web.visitor import ADMINS, Visitor

HERE = "/audit"
TITLE = text("Audit log", "审计日志")
AT_ONCE = 200
COLUMNS = (
    ("when", text("Time", "时间")),
    ("user", text("User", "用户")),
    ("action", text("Action", "操作")),
    ("what", text("What", "对象")),
    ("address", text("From", "来自")),
)
CUT = '<q-td :props="props" :title="props.value"><span class="cut">{{ props.value }}</span></q-td>'
ACTIONS = {
    "login": text("logged in", "登录"),
    "login.failed": text("wrong password", "密码错误"),
    "login.throttled": text("too many tries", "尝试过多"),
    "logout": text("logged out", "退出"),
    "recording": text("listened to the recording", "收听录音"),
    "journal": text("took the journal", "下载日志"),
    "finding.accept": text("accepted a finding", "认可结果"),
    "finding.dispute": text("disputed a finding", "提出异议"),
    "finding.correct": text("corrected a finding", "改判"),
    "user.add": text("added a user", "添加用户"),
    "user.password": text("set a password", "设置密码"),
    "user.change": text("changed a user", "修改用户"),
    "user.remove": text("removed a user", "删除用户"),
    "user.disable": text("disabled a user", "停用用户"),
    "user.enable": text("let a user in again", "启用用户"),
    "export.findings": text("exported findings", "导出评定结果"),
    "export.faults": text("exported faults", "导出问题"),
    "export.scores": text("exported scores", "导出得分"),
    "export.call": text("printed a call", "打印通话"),
    "export.agent": text("printed a month", "打印月报"),
    "wall.token": text("made a token for the wall", "生成现场令牌"),
    "wall.revoke": text("revoked a token for the wall", "吊销现场令牌"),
    "wall.whisper": text("whispered", "悄悄话"),
    "wall.seen": text("read a whisper", "已读悄悄话"),
    "purge": text("deleted calls", "清除通话"),
    "flow.publish": text("published a flow", "发布流程"),
}


def add(site: Site, books: Books) -> None:
    """The page ``/audit``."""
    site.section(Section(HERE, TITLE, ADMINS, place=90))

    @site.nice(HERE, TITLE, ADMINS)
    async def page(visitor: Visitor, request: Request) -> None:
        language = visitor.language
        columns = [
            {"name": name, "label": title.in_(language), "field": name, "align": "left"} for name, title in COLUMNS
        ]
        flows = await run.io_bound(books.known_flows) or {}
        rules = {name: about for flow in flows.values() for name, about in flow.rules.items()}
        table = ui.table(columns=columns, rows=[], row_key="id").props("flat dense virtual-scroll").classes("card grow")
        for name in ("user", "what"):  # anybody can try to log in by any name
            table.add_slot(f"body-cell-{name}", CUT)

        async def more() -> None:
            before = table.rows[-1]["id"] if table.rows else None
            lines = await run.io_bound(audit.read, books.archive, limit=AT_ONCE, before=before)
            table.add_rows([_line(line, language, rules) for line in lines or ()])
            button.set_visibility(len(lines or ()) == AT_ONCE)

        button = ui.button(text("Show earlier", "查看更早的").in_(language), on_click=more).props("flat no-caps")
        await more()


_SAID = (
    (r"^command line \((.*)\)$", text(r"command line (\1)", r"命令行（\1）")),
    (r"\bcall (\d+)", text(r"call \1", r"通话 \1")),
    (r", finding \d+ \((.*)\)", text(r": \1", r"：\1")),
    (r"^api\b", text("API", "接口")),
    (r" revealed$", text(", numbers shown", "，号码可见")),
    (r" \(agent\)$", text(" (agent)", "（坐席）")),
    (r" \(supervisor\)$", text(" (supervisor)", "（主管）")),
    (r" \(admin\)$", text(" (administrator)", "（管理员）")),
)
"""What the log says for programs, and for people."""


def told(what: str, language: str, rules: Mapping[str, Any]) -> str:
    """A line's user or object as people read it; ``rules``: what the flows tell of each rule."""
    for pattern, shown in _SAID:
        what = re.sub(pattern, shown.in_(language), what)
    head, sign, rule = what.rpartition(text(": ", "：").in_(language))
    return f"{head}{sign}{known.title_of(rules, rule).in_(language)}" if rule in rules else what


def _line(line: Any, language: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    action = ACTIONS.get(line.action, Text(line.action, line.action)).in_(language)
    return {
        "id": line.id,
        "when": moment(line.when),
        "user": told(line.user, language, rules),
        "action": action,
        "what": told(line.what, language, rules),
        "address": line.address,
    }
