"""The walk of docs/tutorial.md: its fenced blocks, done in order as a reader would do them.

What a block is stands after its language: ``run`` (commands), ``shows`` (what they print; ``…`` is anything), ``file``,
``append`` and ``instead`` (into a file), ``serve`` and ``type`` (the studio's part, see ``tutorial_studio``). A table
under ``<!-- add to FILE, sheet N -->`` has rows for a workbook.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import openpyxl
from commandline import ROOT

from callflow import cli

PAGES = {"en": ROOT / "docs" / "tutorial.md", "zh": ROOT / "docs" / "tutorial.zh-CN.md"}
PASSWORD = "wo de di yi ge liucheng"
_LOCALE = {"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}
_BLOCK = re.compile(
    r"^```(?P<language>\w+) (?P<kind>\w+) ?(?P<name>\S*)\n(?P<text>.*?)^```$"
    r"|^<!-- add to (?P<book>\S+), sheet (?P<sheet>\d) -->\n(?P<table>(?:\|[^\n]*\n)+)",
    re.M | re.S,
)

_CALL = re.compile(r"\b(call|通话) \d+")


@dataclass(frozen=True, slots=True)
class Block:
    """One thing to do, or to see. ``line``: where it begins on the page."""

    kind: str
    name: str
    text: str
    line: int


def blocks(language: str) -> list[Block]:
    """Those of a page that are more than to be read."""
    page = PAGES[language].read_text("utf-8")
    return list(_blocks(page))


def _blocks(page: str) -> Iterator[Block]:
    for found in _BLOCK.finditer(page):
        line = page.count("\n", 0, found.start()) + 1
        if found["book"]:
            yield Block("rows", f"{found['book']} {found['sheet']}", found["table"], line)
        else:
            yield Block(found["kind"], found["name"], found["text"], line)


class Walk:
    """Goes through a page in the home folder ``home``, which the project lies in as ``callflow``."""

    def __init__(self, home: Path, language: str) -> None:
        self.home = home
        self.folder = home
        self.language = language
        self.said = ""
        (home / "callflow").symlink_to(ROOT)

    def __call__(self, block: Block) -> None:
        """Do what the block says. Raises ``AssertionError`` where something else comes of it."""
        step = getattr(self, f"_{block.kind}", None)
        assert step, f"line {block.line}: {block.kind} is nothing that can be done"
        step(block)

    def _run(self, block: Block) -> None:
        self.said = "".join(self._command(line) for line in block.text.splitlines())

    def _shows(self, block: Block) -> None:
        assert fits(block.text, self.said), f"line {block.line}: it shows\n{self.said}"

    def _file(self, block: Block) -> None:
        (self.folder / block.name).write_text(block.text, "utf-8")

    def _append(self, block: Block) -> None:
        with open(self.folder / block.name, "a", encoding="utf-8") as file:
            file.write(block.text)

    def _instead(self, block: Block) -> None:
        path = self.folder / block.name
        old, new = block.text.splitlines()
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"line {block.line}: stands {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")

    def _rows(self, block: Block) -> None:
        name, sheet = block.name.split()
        book = openpyxl.load_workbook(self.folder / name)
        table = book.worksheets[int(sheet) - 1]
        columns = {str(cell.value): number for number, cell in enumerate(table[1], 1)}
        head, _, *rows = ([cell.strip() for cell in line.strip("|\n").split("|")] for line in block.text.splitlines())
        for row in rows:
            at = table.max_row + 1
            for title, value in zip(head, row, strict=True):
                table.cell(at, columns[title], value)
        book.save(self.folder / name)

    def _command(self, line: str) -> str:
        """What a command prints; ``callflow`` runs in this process, for its start takes longer than its work."""
        words = [word.replace("~", str(self.home), 1) if word.startswith("~") else word for word in shlex.split(line)]
        name, *options = words
        if name == "cd":
            self.folder = Path(options[0])
            return ""
        with chdir(self.folder):
            if name == "callflow":
                return self._callflow(options)
            assert name in ("mkdir", "cp"), f"{line}: the walk does not know this command"
            assert os.spawnvp(os.P_WAIT, name, words) == 0, line
            return ""

    def _callflow(self, options: list[str]) -> str:
        out = io.StringIO()
        typed = io.StringIO(PASSWORD + "\n")
        around = {"LC_ALL": _LOCALE[self.language], "COLUMNS": "80"}
        with (
            redirect_stdout(out),
            redirect_stderr(out),
            patch.object(sys, "stdin", typed),
            patch.dict(os.environ, around),
            suppress(SystemExit),
        ):  # --version ends so
            cli.main(options)
        assert "Traceback" not in out.getvalue()
        return out.getvalue()


def fits(wanted: str, said: str) -> bool:
    """Whether it was said. ``…`` stands for anything in a line, alone for any lines; blanks at ends do not count, nor
    does the number of a call: that hangs on which was judged first."""
    lines = [_CALL.sub(r"\1 …", line.rstrip()) for line in wanted.strip("\n").splitlines()]
    pattern = "".join("(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in lines)
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in said.strip("\n").splitlines())) is not None
