"""Publishing: a draft becomes a version, and the files that the overlays read; rolling back is a version, too.

A version is a commit that is on no branch at first. The files are replaced, all of them or none, and then the branch
moves to it; if it cannot, the files are as they were. What a kill cuts off in between is finished at the next start, or
before the next publishing: a note beside the drafts has the commit, and which files were to become what. A file that
somebody has changed by hand in the meantime is never written over.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from callflow.design.studio.refusals import Refused
from callflow.design.studio.repository import FIRST, Repository, in_both
from callflow.design.studio.shelf import FILE_NAME, Papers, Sheet, Shelf
from callflow.errors import CallflowError, OutputError
from callflow.texts import text
from callflow.writing import NotPutBack, whole_or_nothing

LONGEST_REASON = 500
_BY_HAND = text("Changed by hand, before the next version", "下一版本之前的手工修改")
OWN_WORDS = {line: words for words in (FIRST, _BY_HAND) for line in (in_both(words), words.zh)}
"""What the studio itself says in messages, by the line there; Chinese alone in those of early versions."""


@dataclass(frozen=True, slots=True)
class Published:
    """A flow as its latest version has it. ``id``: that of the branch's last commit, "" before the first."""

    id: str
    texts: Mapping[str, str]


class Publisher:
    """Makes versions of the flows in ``shelf``; one at a time. ``repository``: ``None`` where they lie in none."""

    def __init__(self, shelf: Shelf, repository: Repository | None) -> None:
        self._shelf = shelf
        self.repository = repository
        self._lock = threading.Lock()
        self._note = shelf.own() / "publishing.json"
        if repository:
            with suppress(CallflowError, OSError):  # before the next publishing it must succeed
                self._finish()

    def published(self, flow: str) -> Published:
        """The flow's latest version."""
        if self.repository is None:
            return Published("", {})
        head = self.repository.head()
        return Published(head, self.version(flow, head))

    def version(self, flow: str, commit: str) -> dict[str, str]:
        """The texts of a flow in a version; a file that is no text is left out."""
        texts: dict[str, str] = {}
        for name, content in self._versions().files(commit, flow).items():
            with suppress(UnicodeDecodeError):
                texts[name] = Sheet.of(content).text
        return texts

    def by_hand(self, flow: str, papers: Papers) -> list[str]:
        """The files that were changed in the folder since the latest version; of a flow that has none, none."""
        if self.repository is None:
            return []
        known = self.published(flow).texts
        names = {*known, *papers.sheets} if known else ()
        return sorted(name for name in names if known.get(name) != papers.texts.get(name))

    def publish(self, flow: str, texts: Mapping[str, str], seen: Papers, who: str, why: str) -> str:
        """Make ``texts`` the flow; ``seen``: the folder as it was when they were checked. The new version's id.

        Whoever calls has seen to it that they are good. What was changed by hand, or staged, and is not among them
        becomes a version of its own first, so that it can be brought back. Raises ``Refused`` where somebody was first.
        """
        repository = self._versions()
        why = why.replace("\0", "").strip()
        if not why or len(why) > LONGEST_REASON:
            raise Refused(text("say in a few words why", "请用几句话写明原因"))
        with self._lock:
            self._finish()
            repository.ready()
            now = self._shelf.read(flow)
            if now.texts != seen.texts:
                raise Refused(
                    text("a file was changed in the folder meanwhile", "文件夹中的文件刚刚被改动"),
                    text("look at it, then publish again", "请查看后再发布"),
                    status=409,
                )
            head = repository.head()
            known, version = self.version(flow, head), head
            for kept in self._not_kept(flow, texts, now, known):
                if kept:
                    version = repository.made(_in(flow, kept), who, in_both(_BY_HAND), version)
                    known |= {name: _text(content) for name, content in kept.items() if content is not None}
                    known = {name: words for name, words in known.items() if kept.get(name, b"") is not None}
            changes = {
                name: now.sheets.get(name, Sheet("")).content(texts[name]) if name in texts else None
                for name in sorted({*known, *texts})
                if known.get(name) != texts.get(name)
            }
            if not changes:
                raise Refused(text("there is nothing to publish", "没有需要发布的修改"))
            version = repository.made(_in(flow, changes), who, why, version)
            note = _Note.of(flow, version, head, changes, now)
            with whole_or_nothing(self._note) as file:
                file.write(note.to_json())
            try:
                self._carry_out(note)
            except NotPutBack:
                raise  # some files are new: the note stays, the next one goes on with it
            except BaseException:
                self._note.unlink(missing_ok=True)  # all is as it was
                raise
            with suppress(Refused):  # another git has the index: the note stays for the next one to do
                self._settle(note)
            return version

    def _not_kept(
        self, flow: str, texts: Mapping[str, str], now: Papers, known: Mapping[str, str]
    ) -> tuple[dict[str, bytes | None], dict[str, bytes | None]]:
        """What would be replaced and is in no version: of what is staged, and of what lies in the folder."""
        by_hand: dict[str, bytes | None] = {
            name: now.sheets[name].content(now.texts[name]) if name in now.sheets else None
            for name in sorted({*known, *now.sheets})
            if now.texts.get(name) not in (known.get(name), texts.get(name))
        }
        changed = {name for name in {*known, *texts} if known.get(name) != texts.get(name)} | by_hand.keys()
        staged: dict[str, bytes | None] = {
            name: content
            for name, content in self._versions().staged(flow, changed).items()
            if _text(content) not in (known.get(name), now.texts.get(name), texts.get(name))
        }
        return staged, by_hand

    def refused(self) -> Refused | None:
        """Why nothing can be published at the moment, whatever it is."""
        try:
            if self.repository:
                self.repository.ready()
        except Refused as refused:
            return refused
        return None

    # ------------------------------------------------------------------------------------ the files

    def _carry_out(self, note: _Note) -> None:
        """The files and the branch: both, or neither with the reason raised."""
        with self._shelf.replaced(note.flow, note.files, note.were):
            self._versions().move(note.commit, note.parent)

    def _settle(self, note: _Note) -> None:
        self._versions().refresh([f"{note.flow}/{name}" for name in note.changed])
        self._shelf.sweep(note.flow, note.changed)
        self._note.unlink(missing_ok=True)

    def _finish(self) -> None:
        """Do what was cut off; files that are something else by now are left to whoever changed them."""
        repository, path = self._versions(), self._note
        try:
            note = _Note.from_json(path.read_bytes())
            now = self._shelf.read(note.flow)
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError, Refused):
            path.rename(path.with_suffix(".unreadable"))
            return
        except OSError as error:
            raise OutputError.of(path, error) from error
        repository.ready()
        if not repository.has(note.commit) or not (
            repository.contains(note.commit) or repository.head() == note.parent
        ):
            path.unlink(missing_ok=True)  # the branch has gone on without it
            return
        is_ = {name: sheet.sha for name, sheet in now.sheets.items()} | {one.at.file: "?" for one in now.unread}
        left = {name: content for name, content in note.files.items() if is_.get(name, "") == note.were.get(name, "")}
        if not repository.contains(note.commit):  # once it does, files that are otherwise were made so since
            self._carry_out(replace(note, files=left))
        self._settle(note)

    def _versions(self) -> Repository:
        if self.repository is None:
            raise Refused(
                text("the folder of flows is in no git repository", "流程文件夹不在 git 仓库中"),
                text(
                    "start callflow serve once with --flows-init, or run git init there",
                    "请用 --flows-init 启动一次 callflow serve，或在该文件夹运行 git init",
                ),
                status=409,
            )
        return self.repository


def new_name(name: str, there: Collection[str]) -> None:
    """Raises ``Refused`` unless a new file can be called so."""
    if not FILE_NAME.fullmatch(name) or name in there:
        raise Refused(
            text('a file cannot be called "{n}", or there is one', "文件不能叫“{n}”，或已存在", n=name[:80]),
            text("one word and .yaml, as holidays.yaml", "一个词加 .yaml，例如 holidays.yaml"),
        )


def _in(flow: str, files: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    return {f"{flow}/{name}": content for name, content in files.items()}


def _text(content: bytes) -> str:
    """A file's text; of what is none, nothing that any text is."""
    try:
        return Sheet.of(content).text
    except UnicodeDecodeError:
        return "\0"


@dataclass(frozen=True, slots=True)
class _Note:
    """What is about to be done: the branch goes from ``parent`` to ``commit``, ``files`` get their new content.

    ``were``: the sha256 of each before, "" where there was none. ``changed``: all files of which the commit differs.
    """

    flow: str
    commit: str
    parent: str
    changed: tuple[str, ...]
    files: Mapping[str, bytes | None]
    were: Mapping[str, str]

    @classmethod
    def of(cls, flow: str, commit: str, parent: str, changes: Mapping[str, bytes | None], now: Papers) -> _Note:
        files = {
            name: content
            for name, content in changes.items()
            if (None if content is None else _text(content)) != now.texts.get(name)
        }
        were = {name: now.sheets[name].sha if name in now.sheets else "" for name in files}
        return cls(flow, commit, parent, tuple(changes), files, were)

    def to_json(self) -> bytes:
        files = {name: None if content is None else content.decode() for name, content in self.files.items()}
        return json.dumps({**asdict(self), "files": files, "were": dict(self.were)}, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> _Note:
        data = json.loads(content)
        files = {name: None if words is None else words.encode() for name, words in data["files"].items()}
        were = {name: str(data["were"][name]) for name in files}
        return cls(str(data["flow"]), str(data["commit"]), str(data["parent"]), tuple(data["changed"]), files, were)
