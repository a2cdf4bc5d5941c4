"""Publishing: a draft becomes a version, and the files that the overlays read; rolling back is a version, too.

The version is made first, the files follow. What was begun and cut off in between is finished at the next start: a
note beside the drafts says which files were to become what. A file that somebody has changed by hand in the meantime is
never written over.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from callflow.design.studio.refusals import Refused
from callflow.design.studio.repository import Repository
from callflow.design.studio.shelf import FILE_NAME, Papers, Sheet, Shelf
from callflow.texts import text
from callflow.writing import whole_or_nothing

LONGEST_REASON = 500


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
        if repository:
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
        """The files that were changed in the folder and are in no version."""
        if self.repository is None:
            return []
        known = self.published(flow).texts
        return sorted(name for name in {*known, *papers.sheets} if known.get(name) != papers.texts.get(name))

    def publish(self, flow: str, texts: Mapping[str, str], seen: Papers, who: str, why: str) -> str:
        """Make ``texts`` the flow; ``seen``: the folder as it was when they were checked. The new version's id.

        Whoever calls has seen to it that they are good. What was changed by hand and is not among them becomes a
        version of its own first, so that it can be brought back. Raises ``Refused`` where somebody was first.
        """
        repository = self._versions()
        why = why.strip()
        if not why or len(why) > LONGEST_REASON:
            raise Refused(text("say in a few words why", "请用几句话写明原因"))
        with self._lock:
            now = self._shelf.read(flow)
            if now.texts != seen.texts:
                raise Refused(
                    text("a file was changed in the folder meanwhile", "文件夹中的文件刚刚被改动"),
                    text("look at it, then publish again", "请查看后再发布"),
                    status=409,
                )
            head = repository.head()
            known = self.version(flow, head) if head else {}
            lost = {
                name: now.sheets[name].content(now.texts[name]) if name in now.sheets else None
                for name in sorted({*known, *now.sheets})
                if now.texts.get(name) not in (known.get(name), texts.get(name))
            }
            if lost:
                kept = text("Changed by hand, before the next version", "下一版本之前的手工修改").zh
                head = repository.commit(_in(flow, lost), who, kept, head)
                known = self.version(flow, head)
            changes = {
                name: now.sheets.get(name, Sheet("")).content(texts[name]) if name in texts else None
                for name in sorted({*known, *texts})
                if known.get(name) != texts.get(name)
            }
            if not changes:
                raise Refused(text("there is nothing to publish", "没有需要发布的修改"))
            made = repository.commit(_in(flow, changes), who, why, head)
            files = {name: content for name, content in changes.items() if texts.get(name) != now.texts.get(name)}
            self._carry_out(flow, files, now)
            return made

    # ------------------------------------------------------------------------------------ the files

    def _carry_out(self, flow: str, files: Mapping[str, bytes | None], now: Papers) -> None:
        note = self._shelf.own() / "publishing.json"
        plan = {
            name: {
                "was": _sha(now.sheets[name].content(now.texts[name])) if name in now.sheets else "",
                "text": None if content is None else content.decode(),
            }
            for name, content in files.items()
        }
        with whole_or_nothing(note) as file:
            file.write(json.dumps({"flow": flow, "files": plan}, ensure_ascii=False).encode())
        self._shelf.write(flow, files)
        note.unlink(missing_ok=True)

    def _finish(self) -> None:
        """Write what was cut off; files that are something else by now are left to whoever changed them."""
        note = self._shelf.own() / "publishing.json"
        try:
            data = json.loads(note.read_bytes())
            flow, plan = str(data["flow"]), dict(data["files"])
            now = self._shelf.read(flow)
            is_ = {name: _sha(sheet.content(sheet.text)) for name, sheet in now.sheets.items()}
            left = {
                name: None if one["text"] is None else one["text"].encode()
                for name, one in plan.items()
                if is_.get(name, "") == one["was"]
            }
            self._shelf.write(flow, left)
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError, Refused):
            note.rename(note.with_suffix(".unreadable"))
            return
        note.unlink(missing_ok=True)

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


def _sha(content: bytes) -> str:
    return sha256(content).hexdigest()
