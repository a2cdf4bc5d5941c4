"""What the studio's pages and addresses work with: shelf, drafts, versions, the bench, and the plans for trying out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256

from callflow import collecting, flowfiles, running
from callflow.call.plan import Plan
from callflow.design.studio.bench import Bench, Checks, Job, Told
from callflow.design.studio.differing import Meaning, meaning
from callflow.design.studio.drafts import Draft, Drafts
from callflow.design.studio.publishing import Publisher, new_name
from callflow.design.studio.reading import Quick, Reader
from callflow.design.studio.refusals import Refused, no_file
from callflow.design.studio.repository import Repository
from callflow.design.studio.shelf import LARGEST, Papers, Shelf
from callflow.errors import BadFlow
from callflow.flow.model import Flow
from callflow.flow.read import read_flow
from callflow.problems import Problem, has_errors
from callflow.texts import Text, text
from callflow.web.visitor import Visitor

PATIENCE = 60.0
"""Seconds that publishing waits for the rehearsals."""
MOST_PLANS = 4


@dataclass(frozen=True, slots=True)
class Figures:
    """What a changed flow would have said of archived calls, by rule.

    ``calls``: how many were judged again; ``touched``: on how many the flows differ. ``rules``: name, findings that
    appear, vanish and change. ``faults``: in all, before and after.
    """

    calls: int
    touched: int
    faults: tuple[int, int]
    rules: Sequence[tuple[str, int, int, int]] = ()


WhatIf = Callable[[Visitor, Plan, Plan], Figures]
"""Judges archived calls that the visitor may see again, with the old plan and the new."""


@dataclass(frozen=True, slots=True)
class Open:
    """A flow as ``user`` has it before them. ``texts``: with their draft."""

    user: str
    flow: str
    papers: Papers
    draft: Draft

    @property
    def texts(self) -> dict[str, str]:
        return self.draft.over(self.papers.texts)

    @property
    def hash(self) -> str:
        return hash_of(self.texts)

    @property
    def conflicts(self) -> dict[str, str | None]:
        """The files that somebody else has changed too, and what they are in the folder."""
        return self.draft.conflicts(self.papers.texts)


@dataclass(frozen=True, slots=True)
class Going:
    """What publishing would do, for whoever is about to press the button."""

    meaning: tuple[Meaning, ...]
    errors: int
    told: Told | None
    overlays: int
    in_calls: int
    files: tuple[str, ...]
    by_hand: tuple[str, ...]


class Desk:
    """Everything that is shared. ``what_if``: ``None`` where there are no archived calls; ``checks``: further ones."""

    def __init__(
        self,
        shelf: Shelf,
        repository: Repository | None,
        what_if: WhatIf | None = None,
        checks: Checks | None = None,
    ) -> None:
        self.shelf = shelf
        self.drafts = Drafts(shelf)
        self.publisher = Publisher(shelf, repository)
        self.bench = Bench(checks)
        self.what_if = what_if
        self.asking = threading.Lock()
        """held while archived calls are judged again: one at a time"""
        self._readers: dict[str, Reader] = {}
        self._good: dict[tuple[str, str], tuple[Flow, dict[str, str]]] = {}
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._lock = threading.RLock()
        self._compiling = threading.Lock()
        shelf.own(*running.FOLDER[1:])

    # ------------------------------------------------------------------------------------ writing

    def open(self, user: str, flow: str) -> Open:
        """A flow with somebody's draft over it."""
        with self._lock:
            return Open(user, flow, self.shelf.read(flow), self.drafts.load(user, flow))

    def write(self, user: str, flow: str, revision: int, file: str, words: str | None, *, new: bool = False) -> Open:
        """Change a file of the draft (``None``: take it away), or begin a ``new`` one.

        Raises ``Refused`` where there is no such file, or the draft is another by now.
        """
        if words is not None and len(words) > LARGEST:
            raise Refused(text("the file is too large to be edited here", "文件太大，无法在此编辑"), status=413)
        with self._lock:
            now = self.open(user, flow)
            if new:
                new_name(file, {*now.texts, *now.draft.files, *(one.at.file for one in now.papers.unread)})
            elif file not in now.papers.sheets and file not in now.draft.files:
                raise no_file(file)
            if now.draft.revision != revision:
                raise Refused(
                    text("your draft was changed in another window", "您的草稿已在另一个窗口中修改"), status=409
                )
            draft = now.draft.writing(file, words, now.papers.texts)
            self.drafts.save(user, flow, draft)
            return replace(now, draft=draft)

    def delete(self, user: str, flow: str, revision: int, file: str) -> Open:
        """Take a file away; the draft's text of it is kept aside."""
        with self._lock:
            now = self.open(user, flow)
            if file not in now.texts:
                raise no_file(file)
            written = now.texts[file] != now.papers.texts.get(file) and now.texts[file].strip()
            if written and revision == now.draft.revision:
                self.drafts.keep(user, flow, file, now.texts[file])
            return self.write(user, flow, revision, file, None)

    def settle(self, user: str, flow: str, file: str, words: str | None) -> Open:
        """Settle a conflict: ``words`` is what the file is to be. What the draft had is kept aside."""
        with self._lock:
            now = self.open(user, flow)
            if file not in now.draft.files and file not in now.papers.sheets:
                raise no_file(file)
            before = now.texts.get(file)
            if before is not None and before != words:
                self.drafts.keep(user, flow, file, before)
            draft = now.draft.settled(file, words, now.papers.texts)
            self.drafts.save(user, flow, draft)
            return replace(now, draft=draft)

    def merged(self, opened: Open, file: str) -> str | None:
        """A file with what both sides of a conflict changed; ``None`` where they changed the same lines."""
        mine, theirs = opened.draft.files[file], opened.papers.texts.get(file)
        if mine.base is None or mine.text is None or theirs is None or self.publisher.repository is None:
            return None
        return self.publisher.repository.merged(mine.base, mine.text, theirs)

    def rest_on(self, user: str, flow: str) -> None:
        """What was published is no longer a change of the draft."""
        with self._lock:
            papers, draft = self.shelf.read(flow), self.drafts.load(user, flow)
            files = {name: one for name, one in draft.files.items() if one.text != papers.texts.get(name)}
            if files != draft.files:
                self.drafts.save(user, flow, Draft(draft.revision + 1, files))

    # ------------------------------------------------------------------------------------ what it means

    def read(self, opened: Open, changed: str) -> Quick:
        """Problems and flow at once."""
        with self._lock:
            reader = self._readers.setdefault(opened.flow, Reader())
        quick = reader.read(opened.texts, opened.flow.rpartition("/")[2], changed, opened.papers.unread)
        if quick.flow:
            self._good[opened.user, opened.flow] = quick.flow, opened.texts
        return quick

    def known(self, opened: Open, changed: str) -> Flow | None:
        """The flow for its names: where the text is broken, as it was when it last was not, or as it lies there."""
        key = opened.user, opened.flow
        if key not in self._good:
            self.read(opened, changed)
        if key not in self._good:
            self.read(replace(opened, draft=Draft()), changed)
        return self._good[key][0] if key in self._good else None

    def good_plan(self, opened: Open) -> Plan | None:
        """The plan of what could last be read, where the text is broken now."""
        good = self._good.get((opened.user, opened.flow))
        for texts in (*((good[1],) if good else ()), opened.papers.texts):
            with suppress(BadFlow):
                return self.plan(texts, opened.flow)
        return None

    def published(self, opened: Open) -> dict[str, str]:
        """What a draft is compared with: the latest version, or without versions the folder."""
        texts = self.publisher.published(opened.flow).texts
        return dict(texts) if texts else opened.papers.texts

    def overlays(self, flow: str) -> int:
        """How many overlays run a flow."""
        return len(running.running(self.shelf.folder, flow))

    def look(self, opened: Open) -> None:
        """Have lint and the rehearsals look at it; ``bench.told`` has what they say."""
        name = opened.flow.rpartition("/")[2]
        self.bench.put(Job((opened.user, opened.flow), opened.hash, name, opened.texts, opened.papers.unread))

    def plan(self, texts: Mapping[str, str], flow: str) -> Plan:
        """The plan of a text, to try it out. Raises ``BadFlow`` where it has mistakes."""
        key = hash_of(texts)
        with self._compiling:
            if key not in self._plans:
                made, problems = whole(texts, flow)
                if made is None:
                    raise BadFlow(text("the flow has mistakes", "流程有错误"), problems)
                self._plans[key] = Plan.of(made)
            self._plans.move_to_end(key)
            while len(self._plans) > MOST_PLANS:
                self._plans.popitem(last=False)
            return self._plans[key]

    # ------------------------------------------------------------------------------------ publishing

    def going(self, opened: Open, texts: Mapping[str, str], key: str = "") -> Going:
        """What would be published, looked at as a whole; waits for lint and rehearsals."""
        who = (opened.user, f"{opened.flow}{key}")
        name = opened.flow.rpartition("/")[2]
        of = hash_of(texts)
        self.bench.put(Job(who, of, name, texts, opened.papers.unread), again=True)
        known = self.publisher.published(opened.flow).texts
        new: Flow | None = None
        problems = list(opened.papers.unread)
        try:
            new = self.plan(texts, opened.flow).flow  # whatever becomes of the bench
        except BadFlow as error:
            problems += error.problems
        told = self.bench.wait(who, of, PATIENCE)
        found: Sequence[Problem] = told.problems if told and told.problems is not None else problems
        overlays = running.running(self.shelf.folder, opened.flow)
        return Going(
            tuple(meaning(whole(known, opened.flow)[0], new)),
            max(sum(has_errors([one]) for one in found), sum(has_errors([one]) for one in problems)),
            told if told and told.of == of else None,
            len(overlays),
            sum(one.in_call for one in overlays),
            tuple(sorted(name for name in {*known, *texts} if known.get(name) != texts.get(name))),
            tuple(self.publisher.by_hand(opened.flow, opened.papers)),
        )


def whole(texts: Mapping[str, str], flow: str) -> tuple[Flow | None, list[Problem]]:
    """A flow read from its texts."""
    with collecting.paused():
        return read_flow(texts, flow.rpartition("/")[2], flowfiles.empty(texts))


def hash_of(texts: Mapping[str, str]) -> str:
    """A name for exactly these texts."""
    digest = sha256()
    for name, words in sorted(texts.items()):
        digest.update(f"{name}\0{len(words)}\0{words}\0".encode(errors="backslashreplace"))
    return digest.hexdigest()


def must_be_good(going: Going, visitor: Visitor, override: bool) -> None:
    """Raises ``Refused`` unless what is to be published has no mistakes, and its rehearsals pass.

    An administrator may go on where rehearsals fail; where there are mistakes nobody may.
    """
    if going.errors:
        raise Refused(text("the flow has mistakes: {n}", "流程有 {n} 处错误", n=going.errors), _MISTAKES)
    told = going.told
    if told is None or not told.done or told.broken:
        raise Refused(text("the rehearsals are not through", "演练尚未完成"), _AGAIN, status=503)
    if told.good or (override and visitor.user.role == "admin"):
        return
    failed = (told.count or 0) - told.passed
    raise Refused(text("rehearsals fail: {n}", "有 {n} 个演练未通过", n=failed), _REHEARSALS)


_MISTAKES: Text = text("mend them first; a broken flow is never published", "请先改正；有错误的流程不能发布")
_AGAIN: Text = text("try again in a moment", "请稍后再试")
_REHEARSALS: Text = text(
    "mend them, or have an administrator publish with a reason", "请先改正，或由管理员说明原因后发布"
)
