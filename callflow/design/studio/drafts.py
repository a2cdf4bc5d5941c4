"""Drafts: what somebody has written and not published. A file for every user and flow, beside the flows.

A draft remembers of each file that it changes what the file was then (``base``): so it can be told when that has become
something else, and both sides are still there. Nothing that was written is thrown away: what somebody sets aside is
kept as a file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from callflow.design.studio.refusals import Refused
from callflow.design.studio.shelf import Shelf
from callflow.texts import refused, text
from callflow.writing import whole_or_nothing


@dataclass(frozen=True, slots=True)
class Changed:
    """A file of a draft. ``base``: what it was when the change began, ``text``: what it is now; ``None``: no file."""

    base: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What is changed of a flow. ``revision`` goes up by one at every change."""

    revision: int = 0
    files: Mapping[str, Changed] = field(default_factory=dict)

    def over(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The flow's files with what the draft changes."""
        laid = {**texts, **{name: changed.text for name, changed in self.files.items()}}
        return {name: words for name, words in sorted(laid.items()) if words is not None}

    def conflicts(self, texts: Mapping[str, str]) -> dict[str, str | None]:
        """The files that have become something else since the draft changed them, and what they are now."""
        return {
            name: texts.get(name)
            for name, changed in self.files.items()
            if texts.get(name) not in (changed.base, changed.text)
        }

    def writing(self, name: str, words: str | None, texts: Mapping[str, str]) -> Draft:
        """The draft with a file changed; one that is as it lies in the folder is no part of it."""
        base = self.files[name].base if name in self.files else texts.get(name)
        files = {other: changed for other, changed in self.files.items() if other != name}
        if words != texts.get(name):
            files[name] = Changed(base, words)
        return Draft(self.revision + 1, files)

    def settled(self, name: str, words: str | None, texts: Mapping[str, str]) -> Draft:
        """The draft after a conflict was settled: what lies in the folder now is what it rests on."""
        return replace(self, files={**self.files, name: Changed(texts.get(name), None)}).writing(name, words, texts)


class Drafts:
    """The drafts of all users, in the studio's own folder."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def load(self, user: str, flow: str) -> Draft:
        """The draft; an empty one where there is none.

        Raises ``Refused`` where the system does not read it now; and once where there is no sense in it, with its file
        kept aside.
        """
        path = self._path(user, flow)
        try:
            data = json.loads(path.read_bytes())
            files = {name: Changed(one["base"], one["text"]) for name, one in data["files"].items()}
            return Draft(int(data["revision"]), files)
        except FileNotFoundError:
            return Draft()
        except OSError as error:
            why = text("your draft cannot be read: {w}", "暂时无法读取您的草稿：{w}", w=refused(error))
            raise Refused(why, text("try again in a moment", "请稍后再试"), 503) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            aside = path.with_suffix(f".unreadable-{time.time_ns()}")
            with suppress(OSError):
                path.rename(aside)
            raise Refused(
                text("your draft of {f} was damaged and could not be read", "您对 {f} 的草稿已损坏，无法读取", f=flow),
                text(
                    "it is kept as {p}; opened again, the flow is as it lies in the folder",
                    "原文件保存为 {p}；重新打开后显示文件夹中的流程",
                    p=aside.relative_to(self._shelf.folder),
                ),
            ) from error

    def save(self, user: str, flow: str, draft: Draft) -> None:
        """Write it, whole or not at all."""
        files = {name: {"base": one.base, "text": one.text} for name, one in draft.files.items()}
        content = {"user": user, "flow": flow, "revision": draft.revision, "files": files}
        with whole_or_nothing(self._path(user, flow)) as file:
            file.write(json.dumps(content, ensure_ascii=False).encode())

    def keep(self, user: str, flow: str, name: str, words: str) -> Path:
        """Put a text aside for good that somebody has decided against. Where it lies."""
        folder = self._shelf.own("kept", _safe(user), _safe(flow))
        stem = f"{time.strftime('%Y-%m-%dT%H-%M-%S')}-{sha256(words.encode()).hexdigest()[:8]}"
        path = folder / f"{stem}-{_safe(name)}"
        with whole_or_nothing(path) as file:
            file.write(words.encode())
        return path

    def _path(self, user: str, flow: str) -> Path:
        return self._shelf.own("drafts", _safe(user)) / f"{_safe(flow)}.json"


def _safe(name: str) -> str:
    """A name of people's own as that of a file, whatever is in it."""
    written = "_" + quote(name, safe="")
    return written if len(written) <= 120 else "_" + sha256(name.encode()).hexdigest()
