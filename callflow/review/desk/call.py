"""The page of one call, and the recording it plays."""

from __future__ import annotations

import json
import mimetypes
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response
from markupsafe import Markup

from callflow.archive import decisions, details
from callflow.archive.details import Details
from callflow.errors import ArchiveError, BadJournal
from callflow.flow.model import FORBIDS, Flow
from callflow.review import layout, words
from callflow.review.desk.books import Books, Id, both
from callflow.review.desk.calls import HERE
from callflow.review.desk.sound import PLAYED
from callflow.review.report import span_title
from callflow.review.story import Story
from callflow.texts import Text, text
from callflow.web.access import visitor_of
from callflow.web.site import Site
from callflow.web.visitor import LEADERS, Visitor

SHORTCUTS = (
    ((text("space", "空格"),), text("Play, pause", "播放、暂停")),
    (("J", "K"), text("Next, previous finding", "下一条、上一条结果")),
    (("A", "D"), text("Accept, dispute the finding", "认可、提出异议")),
    (("←", "→"), text("5 seconds back, forward", "后退、前进 5 秒")),
    (("1", "2", "3", "4", "5"), text("Speed: 0.5, 1, 1.5, 2, 3 times", "速度：0.5、1、1.5、2、3 倍")),
    (("O",), text("What the agent saw", "坐席当时看到的浮窗")),
    ((text("Ctrl + wheel", "Ctrl + 滚轮"),), text("Zoom", "缩放")),
    ((text("Shift + wheel", "Shift + 滚轮"),), text("Move along the call", "左右移动")),
)
KINDS = {
    "accept": text("Accepted", "认可"),
    "dispute": text("Disputed", "提出异议"),
    "correct": text("Corrected", "改判"),
}
ASKS = {"dispute": text("Dispute it", "提出异议"), "correct": text("Correct it", "改判")}
FRAMED = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'",
    "x-frame-options": "SAMEORIGIN",
}
"""The overlay may stand in a page of ours, and in no other."""
ONE_ACCESS = 60.0
"""Seconds in which what one visitor asks for of one recording is one access: a player asks for many parts."""


TOLD = {
    "allowed": text("not violated", "没有违反"),  # met, of what must not be said
    "choose": text("choose …", "请选择…"),
    "saving": text("saving …", "正在保存…"),
    "unreached": text("the server cannot be reached", "无法连接服务器"),
    "login": text("Log in and go on: what you wrote is kept", "登录后继续，已写的内容会保留"),
    "reload": text("Load the page again: what you wrote is kept", "刷新页面后继续，已写的内容会保留"),
}
"""What the page's script says while a decision is made."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding as the archive has it now, for the page."""

    id: int
    standing: str
    disputed: bool
    decisions: tuple[Mapping[str, Any], ...]


def router(site: Site, books: Books, overlay: Mapping[str, bytes]) -> APIRouter:
    """The pages ``/calls/ID``, what they play, and the files of the overlay that they show in a frame."""
    routes = APIRouter(include_in_schema=False)
    accesses = Accesses(books)

    @routes.get("/calls/{call_id}")
    def one(request: Request, call_id: Id) -> Response:
        visitor = visitor_of(request)
        call = books.details(call_id, visitor)
        return site.pages.page(request, "call.html.j2", _values(books, call, visitor), here=HERE)

    @routes.get("/calls/{call_id}/recording")
    def recording(request: Request, call_id: Id) -> Response:
        """The sound; parts of it by ranges, so that a player can seek."""
        visitor = visitor_of(request)
        lay = details.recorded(books.archive, call_id, visitor.viewer)  # a player asks often: no more than needed
        path = books.roots.find(*lay).path
        if path is None:
            raise HTTPException(404)
        if path.suffix.lower() not in PLAYED:
            path = books.made(call_id, visitor).sound
        accesses.note(visitor, call_id, whole=_is_whole(request.headers.get("range", "")))
        return FileResponse(path, headers={"cache-control": "private, no-store"}, content_disposition_type="inline")

    @routes.get("/overlay/{name:path}")
    def part(name: str) -> Response:
        content = overlay.get(name or "overlay.html")
        if content is None:
            raise HTTPException(404)
        kind = mimetypes.guess_type(name or "overlay.html")[0]
        return Response(content, media_type=kind, headers=FRAMED)

    return routes


class Accesses:
    """Every access to a recording goes into the audit log; the parts that a player asks for, once a minute."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._latest: dict[tuple[int, int, str], float] = {}

    def note(self, visitor: Visitor, call_id: int, whole: bool) -> None:
        """``visitor`` is about to be given sound of the call, ``whole``: from its beginning."""
        key, now = (visitor.user.id, call_id, visitor.address), time.monotonic()
        if not whole and now - self._latest.get(key, -ONE_ACCESS) < ONE_ACCESS:
            return
        self._books.note(visitor, "recording", call_id)
        if len(self._latest) > 10_000:
            self._latest = {each: when for each, when in self._latest.items() if now - when < ONE_ACCESS}
        self._latest[key] = now


def _is_whole(range_: str) -> bool:
    """Whether a request for sound is for all of it; players begin with ``bytes=0-``, and go on with parts."""
    return not range_ or range_.replace(" ", "").startswith("bytes=0-")


def _values(books: Books, call: Details, visitor: Visitor) -> dict[str, Any]:
    found = books.recording(call)
    story, reason = _story(books, call, visitor)
    values: dict[str, Any] = {
        "call": _facts(books, call, visitor),
        "story": story,
        "reason": reason,
        "no_sound": found.why if story else None,
        "sound": found.path is not None and story is not None,
        "duration": max(call.row.duration, story.duration if story else 0.0, 0.001),
        "back": HERE,
        "words": words,
        "directions": words.DIRECTIONS,
        "kinds": KINDS,
        "corrects": visitor.user.role in LEADERS,
        "shortcuts": SHORTCUTS,
    }
    if story:
        values["groups"] = books.groups(call)
        values["stored"] = kept(books, call, visitor)
        values["numbered"] = list(enumerate(story.findings))
        values["transcript"] = layout.transcript(story)
        flow = books.flows.flow(call.flow)
        values["faults_of"] = lambda finding: faults_of(finding.rule, finding.verdict, flow)
        values["standings"] = partial(_standings, story, values["stored"])
        values["wave"] = values["sound"] or books.kept_peaks(call, visitor) is not None
        values["data"] = _data(call, story, values, visitor)
    return values


def _facts(books: Books, call: Details, visitor: Visitor) -> dict[str, Any]:
    row = call.row
    names = ("id", "agent", "agent_name", "queue", "direction", "customer", "began", "judged", "score")
    facts = {name: getattr(row, name) for name in names}
    return {**facts, "flow": call.flow, "engine": call.engine, "path_name": PurePath(row.path).name}


def _story(books: Books, call: Details, visitor: Visitor) -> tuple[Story | None, Text]:
    """What is to be told of a call, or why there is nothing."""
    if call.row.status == "failed":
        return None, both(call.row.reason)
    try:
        return books.opened(call, visitor).story, Text("", "")
    except (ArchiveError, BadJournal) as error:
        return None, Text(error.in_("en"), error.in_("zh"))


def kept(books: Books, call: Details, visitor: Visitor) -> dict[int, Kept]:
    """The findings as they stand, by their number in the call."""
    decided = decisions.of_call(books.archive, call.row.id)
    return {
        finding.number: Kept(
            finding.id,
            finding.standing,
            finding.disputed,
            tuple(
                {
                    "kind": one.kind,
                    "verdict": one.verdict,
                    "user": name,
                    "when": one.when,
                    "note": books.shown(one.note, visitor),
                }
                for one, name in decided.get(finding.id, ())
            ),
        )
        for finding in call.findings
    }


def _standings(story: Story, stored: Mapping[int, Kept], numbers: Iterable[int]) -> dict[int, str]:
    """The verdicts that stand of some of the story's findings."""
    findings = ((number, story.findings[number]) for number in numbers)
    return {number: stored[one.number].standing if one.number in stored else one.verdict for number, one in findings}


def faults_of(rule: str, verdict: str, flow: Flow) -> tuple[str, ...]:
    """Which faults a finding may be: what must be done is missed, what must not be is violated.

    ``verdict``: the engine's, which tells where the flow does not know the rule.
    """
    if known := flow.rules.get(rule):
        return ("violated",) if known.shape in FORBIDS else ("missed",)
    if rule in flow.phrases or verdict == "violated":
        return ("violated",)
    return ("missed",) if verdict == "missed" else ("missed", "violated")


def _data(call: Details, story: Story, values: Mapping[str, Any], visitor: Visitor) -> Markup:
    """What the page's script draws, as JSON that can stand in HTML."""
    language = visitor.language
    stored = values["stored"]
    data = {
        "id": call.row.id,
        "language": language,
        "duration": values["duration"],
        "separate": call.row.separate,
        "user": visitor.user.name,
        "sound": values["sound"],
        "wave": values["wave"],
        "speech": [(each.speaker, _s(each.start), _s(each.end)) for each in story.utterances],
        "bands": [(each.title.in_(language), _s(each.start), _s(each.end)) for each in story.bands],
        "spans": [
            (each.kind, _s(each.start), _s(each.end), span_title(each.kind, each.end - each.start).in_(language))
            for each in story.spans
        ],
        "prompts": [(each.kind, each.status, _s(each.start), _s(each.end), each.text) for each in story.prompts],
        "marks": [
            (
                mark.number,
                stored[mark.finding.number].standing if mark.finding.number in stored else mark.finding.verdict,
                _s(mark.finding.at or 0.0),
                mark.row,
                mark.finding.title.in_(language),
            )
            for mark in layout.marks(story.findings, values["duration"])
        ],
        "words": {
            "verdicts": {name: title.in_(language) for name, title in words.VERDICTS.items()},
            "kinds": {name: title.in_(language) for name, title in KINDS.items()},
            "asks": {name: title.in_(language) for name, title in ASKS.items()},
            **{name: told.in_(language) for name, told in TOLD.items()},
        },
    }
    dumped = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(dumped.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _s(seconds: float) -> float:
    return round(seconds, 2)
