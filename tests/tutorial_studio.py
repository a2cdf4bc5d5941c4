"""The part of the tutorial that is done in the browser: one who writes, tries out, publishes and brings back."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from commandline import environment
from tutorial import PASSWORD, Block, Walk

FILE = "visits.yaml"
WHY = {"en": "Customers who wait for a technician", "zh": "客户等师傅的电话"}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
SIZE = {"width": 1180, "height": 700}
_SELECT = """([number, from]) => {
  const view = studio.editor.view, line = view.state.doc.line(number);
  view.dispatch({ selection: { anchor: line[from], head: line.to }, scrollIntoView: true });
  view.focus();
}"""
_SAID = [("customer", "还要等到什么时候？"), ("agent", "师傅忙着呢。")]


@contextmanager
def serving(walk: Walk, block: Block) -> Iterator[str]:
    """The server that the page starts, on a port of its own; its address."""
    words = shlex.split(block.text)
    command = [sys.executable, "-m", *words, "--port", "0"]
    with subprocess.Popen(command, cwd=walk.folder, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(20)


class Studio:
    """A page of the browser on which the walk goes on. ``shot``: told when there is something to see."""

    def __init__(self, page: Any, url: str, language: str, shot: Callable[[str], None]) -> None:
        self.page, self.url, self.language = page, url, language
        self._shot = shot
        self.seen = ""
        """all that could be read on the way"""

    def shot(self, name: str) -> None:
        self._see()
        self._shot(name)

    def _see(self) -> None:
        self.seen += self.page.inner_text("body")

    def walk(self, typed: list[Block]) -> None:
        """``typed``: the lines that the page says to type: one with a slip, and another cue."""
        slip, cue = (block.text.rstrip("\n") for block in typed)
        self._log_in()
        self._line_after("    group: wording", slip)
        self._until("document.querySelector('#problems .mend')")
        self.shot("studio-problem")
        self.page.click("#problems .mend")
        self._until("studio.editor.text.includes('severity: severe\\n')")
        self._instead("    cue:", cue)
        self._until("document.querySelector('#counts').className === ''")
        self._call()
        self._settled()
        self.shot("studio-simulator")
        self._as_rehearsal()
        self._publish()
        self._bring_back()

    def _log_in(self) -> None:
        self.page.goto(f"{self.url}login")
        self.page.fill("[name=name]", "anna")
        self.page.fill("[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda address: "/login" not in address)
        self.page.goto(f"{self.url}studio")
        self._see()
        self.page.click("a.flow")
        self.page.wait_for_url(re.compile(r"/studio/repairs"))
        self._until("window.studio && document.body.dataset.ready")
        self._until("document.querySelector('#chat .hint')")
        self._see()
        self.page.select_option("#file", FILE)
        self._until(f"studio.file === '{FILE}'")

    def _line_after(self, line: str, words: str) -> None:
        self._select(line, whole=False)
        self.page.keyboard.insert_text(f"\n{words}")

    def _instead(self, line: str, words: str) -> None:
        self._select(line, whole=True)
        self.page.keyboard.insert_text(words)

    def _select(self, line: str, whole: bool) -> None:
        """The line that begins so, or only its end."""
        lines = self.page.evaluate("studio.editor.text").splitlines()
        number = next(n for n, one in enumerate(lines, 1) if one.startswith(line))
        self.page.evaluate(_SELECT, [number, "from" if whole else "to"])

    def _call(self) -> None:
        for event in ("call.ringing", "call.answered"):
            self.page.click(f"[data-event='{event}']")
        for speaker, words in _SAID:
            if self.page.get_attribute("#by", "data-by") != speaker:
                self.page.click("#by")
            self.page.fill("#words", words)
            self.page.keyboard.press("Enter")
            self._until(f"document.querySelector('#chat').textContent.includes('{words}')")

    def _settled(self) -> None:
        """The rehearsals of the draft have been played."""
        self._until("document.querySelector('#played').className === 'good'")
        self._until("!document.querySelector('#diagram').classList.contains('stale')")

    def _as_rehearsal(self) -> None:
        self.page.click("#record")
        self._until("document.querySelector('#sheet textarea')")
        self._see()
        self.page.click("#sheet button.main")
        self._until(f"studio.file === '{FILE.replace('.', '.rehearsals.')}'")
        self.page.keyboard.type(WHY["en"])
        self._until("!studio.writing.busy")
        self._settled()

    def _publish(self) -> None:
        self.page.click("#publish")
        self._until("document.querySelector('[data-whatif]')")
        self.page.click("[data-whatif]")
        self._until("document.querySelector('#going-figures').textContent.length > 5")
        self.page.fill("[name=why]", WHY[self.language])
        self.shot("studio-publish")
        self.page.click("#going button.main")
        self._until("document.querySelectorAll('.versions tr').length === 2")
        self.shot("studio-versions")

    def _bring_back(self) -> None:
        self.page.click("[data-back]")
        self._until("document.querySelector('#going')")
        self.page.fill("[name=why]", WHY[self.language])
        self.page.click("#going button.main")
        self._until("document.querySelectorAll('.versions tr').length === 3")

    def _until(self, condition: str) -> None:
        for _ in range(600):
            if self.page.evaluate(f"Boolean({condition})"):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never came true: {condition}: {self.page.inner_text('body')}")


def versions(walk: Walk) -> list[tuple[str, str]]:
    """Who published and why, the latest first."""
    command = ["git", "-C", str(walk.folder / "flows"), "log", "--format=%an\t%s"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [(who, why) for who, why in re.findall(r"^(.*)\t(.*)$", said, re.M)]
