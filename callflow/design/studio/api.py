"""The studio's addresses under ``/api/studio``: everything that its page does goes through them.

For supervisors and administrators. Flows and files are looked up by name (``shelf``); whatever changes something comes
with the session's CSRF token, as everywhere behind the shell.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from callflow.call.plan import Plan
from callflow.design.studio import completing, differing, simulator
from callflow.design.studio.desk import Desk, Open, hash_of, must_be_good
from callflow.design.studio.publishing import LONGEST_REASON, OWN_WORDS
from callflow.design.studio.reading import draw
from callflow.design.studio.refusals import Refused, no_file
from callflow.design.studio.repository import MOST_VERSIONS
from callflow.design.studio.shelf import LARGEST, plain
from callflow.errors import BadFlow, BadInput
from callflow.flow.model import Flow
from callflow.problems import Problem
from callflow.texts import text
from callflow.web.access import visitor_of
from callflow.web.site import Site
from callflow.web.visitor import LEADERS, Visitor

PREFIX = "/api/studio"
MOST_SENT = 8_000_000
"""Bytes of a request: a file with every character of it escaped."""
Words = Annotated[str, Field(max_length=LARGEST + 1)]
Name = Annotated[str, Field(max_length=200)]
FlowName = Annotated[str, Query(max_length=200)]


class Write(BaseModel):
    """A file of a draft as it is now; ``text`` ``None``: it is taken away. ``revision``: of the draft it follows."""

    flow: Name
    file: Name
    text: Words | None = None
    revision: int
    rules: bool = False
    prompts: bool = False
    situations: bool = False


class Complete(BaseModel):
    """Where somebody writes."""

    flow: Name
    file: Name
    text: Words
    line: Annotated[int, Field(ge=1, le=1_000_000)]
    column: Annotated[int, Field(ge=1, le=1_000_000)]


class Simulate(BaseModel):
    """A call as it was typed (``simulator.acts_of``)."""

    flow: Name
    acts: list[dict[str, Any]]


class Near(BaseModel):
    """What somebody said in a call that was typed."""

    flow: Name
    sentence: Annotated[str, Field(max_length=simulator.LONGEST_SAID)]
    by: Literal["agent", "customer"]


class Settle(BaseModel):
    """How a conflict is settled: ``mine``, ``theirs`` or ``merge``. ``seen``: what of the folder was shown."""

    flow: Name
    file: Name
    choice: Annotated[str, Field(pattern="^(mine|theirs|merge)$")]
    seen: Annotated[str, Field(max_length=64)] = ""


class Publish(BaseModel):
    """Publish the draft, or with ``version`` bring that one back. ``hash``: of the texts that were looked at."""

    flow: Name
    why: Annotated[str, Field(max_length=LONGEST_REASON)]
    override: bool = False
    version: Annotated[str, Field(max_length=64)] = ""
    hash: Annotated[str, Field(max_length=64)] = ""


def leaders(request: Request) -> Visitor:
    """Whoever asks, if they may write flows."""
    visitor = visitor_of(request)
    if visitor.user.role not in LEADERS:
        raise HTTPException(403)
    return visitor


Leader = Annotated[Visitor, Depends(leaders)]


def router(site: Site, desk: Desk) -> APIRouter:
    """Everything under ``/api/studio``."""
    routes = APIRouter(prefix=PREFIX, include_in_schema=False, dependencies=[Depends(leaders)])

    @routes.get("/file")
    def file(visitor: Leader, flow: FlowName, file: FlowName) -> JSONResponse:
        opened = desk.open(visitor.user.name, flow)
        if file not in opened.texts:
            raise no_file(file)
        return JSONResponse({"text": opened.texts[file], "revision": opened.draft.revision})

    @routes.get("/look")
    def look(
        visitor: Leader,
        flow: FlowName,
        file: FlowName,
        rules: bool = False,
        prompts: bool = False,
        situations: bool = False,
    ) -> JSONResponse:
        """A file and what is to be told of it, nothing changed."""
        opened = desk.open(visitor.user.name, flow)
        if file not in opened.texts:
            raise no_file(file)
        said = _quick(desk, opened, file, visitor, rules, prompts, situations)
        if said["drawn"] is None and (good := desk.known(opened, file)):
            said["last"] = _drawn(good, file, visitor, rules, prompts, situations)
        return JSONResponse({**said, "text": opened.texts[file]})

    @routes.post("/write")
    def write(visitor: Leader, given: Write) -> JSONResponse:
        """A key stroke."""
        words = None if given.text is None else plain(given.text)
        opened = desk.write(visitor.user.name, given.flow, given.revision, given.file, words)
        said = _quick(desk, opened, given.file, visitor, given.rules, given.prompts, given.situations)
        return JSONResponse(said)

    @routes.post("/new")
    def new(visitor: Leader, given: Write) -> JSONResponse:
        words = plain(given.text or "\n")
        opened = desk.write(visitor.user.name, given.flow, given.revision, given.file, words, new=True)
        return JSONResponse(_state(desk, opened))

    @routes.post("/delete")
    def delete(visitor: Leader, given: Write) -> JSONResponse:
        """Take a file away from the draft; what was written in it and is nowhere else is kept aside."""
        return JSONResponse(_state(desk, desk.delete(visitor.user.name, given.flow, given.revision, given.file)))

    @routes.get("/told")
    def told(visitor: Leader, flow: FlowName) -> JSONResponse:
        """What is known of the draft by now, and how it stands to the folder."""
        opened = desk.open(visitor.user.name, flow)
        desk.look(opened)
        now = desk.bench.told((visitor.user.name, flow))
        language = visitor.language
        state = _state(desk, opened)
        if now is None:
            return JSONResponse({"state": state})
        failed = [
            {"name": one.name, **_at(one.at), "why": [why.in_(language) for why in one.why]} for one in now.failed
        ]
        return JSONResponse(
            {
                "state": state,
                "done": now.done and now.of == opened.hash,
                "broken": now.broken,
                "problems": None if now.problems is None else [_problem(one, language) for one in now.problems],
                "count": now.count,
                "played": now.played,
                "passed": now.passed,
                "covered": now.covered,
                "failed": failed,
            }
        )

    @routes.post("/complete")
    def complete(visitor: Leader, given: Complete) -> JSONResponse:
        opened = desk.open(visitor.user.name, given.flow)
        flow = desk.known(opened, given.file)
        start, found = completing.options(given.text, given.line, given.column, flow, visitor.language)
        return JSONResponse({"start": start, "options": [[one.label, one.about, one.kind] for one in found]})

    @routes.post("/simulate")
    def simulate(request: Request, visitor: Leader, given: Simulate) -> Response:
        opened = desk.open(visitor.user.name, given.flow)
        acts = _acts(given)
        problems = 0
        plan: Plan | None
        try:
            plan = desk.plan(opened.texts, given.flow)
        except BadFlow as error:
            problems, plan = len(error.problems), desk.good_plan(opened)
        played = simulator.play(acts, plan, visitor.language) if plan else None
        return site.pages.page(request, "simulated.html.j2", {"played": played, "broken": problems, "acts": len(acts)})

    @routes.post("/near")
    def near(request: Request, visitor: Leader, given: Near) -> Response:
        """Why a sentence hits a phrase or not."""
        plan = desk.good_plan(desk.open(visitor.user.name, given.flow))
        found = simulator.near(given.sentence, given.by, plan, visitor.language) if plan else []
        return site.pages.page(request, "near.html.j2", {"near": found})

    @routes.post("/rehearsal")
    def rehearsal(visitor: Leader, given: Simulate) -> JSONResponse:
        """The call that was typed as a rehearsal, to be pasted."""
        opened = desk.open(visitor.user.name, given.flow)
        try:
            plan = desk.plan(opened.texts, given.flow)
            yaml = simulator.rehearsal(_acts(given), plan, text("a call", "一通电话").in_(visitor.language))
        except BadInput as error:
            raise Refused(error.message, error.hint) from error
        return JSONResponse({"yaml": yaml})

    # ------------------------------------------------------------------------------------ conflicts

    @routes.get("/conflict")
    def conflict(request: Request, visitor: Leader, flow: FlowName, file: FlowName) -> Response:
        """Both sides of a conflict, line beside line."""
        opened = desk.open(visitor.user.name, flow)
        if file not in opened.conflicts:
            raise no_file(file)
        mine, theirs = opened.draft.files[file], opened.conflicts[file]
        merged = desk.merged(opened, file)
        values = {
            "file": file,
            "mine": _side(differing.files(_one(file, mine.base), _one(file, mine.text))),
            "theirs": _side(differing.files(_one(file, mine.base), _one(file, theirs))),
            "merges": merged is not None,
            "seen": hash_of(_one(file, theirs)),
        }
        return site.pages.page(request, "conflict.html.j2", values)

    @routes.post("/settle")
    def settle(visitor: Leader, given: Settle) -> JSONResponse:
        opened = desk.open(visitor.user.name, given.flow)
        if given.file not in opened.draft.files:
            raise no_file(given.file)
        theirs = opened.papers.texts.get(given.file)
        if given.choice != "theirs" and given.seen != hash_of(_one(given.file, theirs)):
            raise Refused(
                text("the file has changed since you looked at it", "文件在您查看之后又有改动"),
                text("look again", "请重新查看"),
                status=409,
            )
        mine = opened.draft.files[given.file].text
        words = {"mine": mine, "theirs": theirs}.get(given.choice)
        if given.choice == "merge":
            words = desk.merged(opened, given.file)
            if words is None:
                raise Refused(text("both changed the same lines", "双方修改了相同的行"), status=409)
        return JSONResponse(_state(desk, desk.settle(visitor.user.name, given.flow, given.file, words)))

    @routes.post("/keep")
    def keep(visitor: Leader, given: Write) -> JSONResponse:
        """Put aside the text of another window that somebody decides against."""
        desk.shelf.place(given.flow)
        if given.text:
            desk.drafts.keep(visitor.user.name, given.flow, given.file, plain(given.text))
        return JSONResponse({})

    # ------------------------------------------------------------------------------------ versions

    @routes.get("/versions")
    def versions(request: Request, visitor: Leader, flow: FlowName) -> Response:
        desk.shelf.place(flow)
        repository = desk.publisher.repository
        values = {
            "versions": repository.versions(flow) if repository else [],
            "repository": repository is not None,
            "most": MOST_VERSIONS,
            "own_words": OWN_WORDS,
        }
        return site.pages.page(request, "versions.html.j2", values)

    @routes.get("/diff")
    def diff(request: Request, visitor: Leader, flow: FlowName, old: FlowName = "", new: FlowName = "") -> Response:
        """Two versions side by side; "": the latest one, and the draft."""
        opened = desk.open(visitor.user.name, flow)
        before = desk.publisher.version(flow, old) if old else desk.published(opened)
        after = desk.publisher.version(flow, new) if new else opened.texts
        values = {"files": differing.files(before, after), "old": old, "new": new}
        return site.pages.page(request, "diff.html.j2", values)

    @routes.get("/going")
    def going(request: Request, visitor: Leader, flow: FlowName, version: FlowName = "") -> Response:
        """What publishing would do, or bringing a version back."""
        opened = desk.open(visitor.user.name, flow)
        texts = desk.publisher.version(flow, version) if version else opened.texts
        values = {
            "going": desk.going(opened, texts, version and "@"),
            "hash": hash_of(texts),
            "version": version,
            "conflicts": [] if version else sorted(opened.conflicts),
            "repository": desk.publisher.repository is not None,
            "refused": desk.publisher.refused(),
            "admin": visitor.user.role == "admin",
            "what_if": desk.what_if is not None,
        }
        return site.pages.page(request, "going.html.j2", values)

    @routes.get("/whatif")
    def what_if(request: Request, visitor: Leader, flow: FlowName, version: FlowName = "") -> Response:
        """What the change would have said of archived calls."""
        if desk.what_if is None:
            raise HTTPException(404)
        opened = desk.open(visitor.user.name, flow)
        texts = desk.publisher.version(flow, version) if version else opened.texts
        if not desk.asking.acquire(blocking=False):
            raise Refused(
                text("archived calls are being judged for somebody", "正在为他人重评历史通话"),
                text("try again in a moment", "请稍后再试"),
                status=503,
            )
        try:
            old = desk.plan(desk.published(opened), flow)
            figures = desk.what_if(visitor, old, desk.plan(texts, flow))
        except BadFlow as error:
            raise Refused(error.message, error.hint) from error
        finally:
            desk.asking.release()
        return site.pages.page(request, "whatif.html.j2", {"figures": figures, "flow": old.flow})

    @routes.post("/publish")
    def publish(visitor: Leader, given: Publish) -> JSONResponse:
        user = visitor.user.name
        opened = desk.open(user, given.flow)
        if opened.conflicts and not given.version:
            raise Refused(
                text("settle the conflicts first: {n}", "请先解决冲突：{n}", n=", ".join(opened.conflicts)), status=409
            )
        texts = desk.publisher.version(given.flow, given.version) if given.version else opened.texts
        if given.hash and given.hash != hash_of(texts):
            raise Refused(
                text("it has changed since you looked at it", "内容在您查看之后又有改动"),
                text("look again", "请重新查看"),
                status=409,
            )
        must_be_good(desk.going(opened, texts, given.version and "@"), visitor, given.override)
        made = desk.publisher.publish(given.flow, texts, opened.papers, user, _why(given))
        desk.rest_on(user, given.flow)
        site.accounts.note(visitor.user, "flow.publish", f"{given.flow} {made[:10]}", visitor.address)
        return JSONResponse({"version": made, "state": _state(desk, desk.open(user, given.flow))})

    return routes


def _why(given: Publish) -> str:
    why = " ".join(given.why.split())
    if not why:
        raise Refused(text("say in a few words why", "请用几句话写明原因"))
    if given.version:
        why = f"{why}\n\nBack to {given.version[:40]}"
    return f"{why}\n\nRehearsals overridden" if given.override else why


def _acts(given: Simulate) -> list[simulator.Act]:
    try:
        return simulator.acts_of(given.acts)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


def _quick(
    desk: Desk, opened: Open, file: str, visitor: Visitor, rules: bool, prompts: bool, situations: bool
) -> dict[str, Any]:
    quick = desk.read(opened, file)
    said: dict[str, Any] = {
        "revision": opened.draft.revision,
        "problems": [_problem(one, visitor.language) for one in quick.problems],
        "drawn": None,
        "changed": sorted(opened.draft.files),
        "conflicts": sorted(opened.conflicts),
    }
    if quick.flow:
        said["drawn"] = _drawn(quick.flow, file, visitor, rules, prompts, situations)
    return said


def _drawn(flow: Flow, file: str, visitor: Visitor, rules: bool, prompts: bool, situations: bool) -> dict[str, Any]:
    drawn = draw(flow, file, visitor.language, rules=rules, prompts=prompts, situations=situations)
    return {"mermaid": drawn.mermaid, "places": [[line, list(ids)] for line, ids in drawn.places]}


def _state(desk: Desk, opened: Open) -> dict[str, Any]:
    """How a draft stands to the folder. ``seen`` changes with any file in the folder."""
    return {
        "revision": opened.draft.revision,
        "files": sorted({*opened.texts}),
        "changed": sorted(opened.draft.files),
        "conflicts": sorted(opened.conflicts),
        "seen": hash_of(opened.papers.texts)[:16],
        "overlays": desk.overlays(opened.flow),
    }


def _problem(problem: Problem, language: str) -> dict[str, Any]:
    edit = problem.edit
    return {
        **_at(problem.at),
        "level": str(problem.level),
        "message": problem.message.in_(language),
        "rule": problem.rule,
        "related": [_at(at) for at in problem.related],
        "edit": {**_at(edit.at), "old": edit.old, "new": edit.new} if edit else None,
    }


def _at(at: Any) -> dict[str, Any]:
    return {"file": at.file, "line": at.line, "column": at.column}


def _one(file: str, words: str | None) -> dict[str, str]:
    return {} if words is None else {file: words}


def _side(found: list[differing.FileDiff]) -> differing.FileDiff | None:
    return found[0] if found else None
