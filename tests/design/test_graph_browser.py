"""What is written as Mermaid is drawn by the Mermaid that the studio has, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from bundled import NAMES, events

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.graph.mermaid import mermaid
from callflow.design.graph.model import build
from callflow.design.graph.overlay import heat, path
from callflow.design.rehearse import play

NICEGUI = find_spec("nicegui")
if NICEGUI is None or not NICEGUI.origin:
    pytest.skip("no NiceGUI with its Mermaid on this machine", allow_module_level=True)
SCRIPTS = Path(NICEGUI.origin).parent / "elements" / "mermaid" / "dist"
DRAW = """async source => {
  const {mermaid} = await import('/index.js');
  mermaid.initialize({startOnLoad: false});
  document.body.innerHTML = (await mermaid.render('drawn', source)).svg;
  return document.body.innerText;
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: the test tells what it looks at."""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(SCRIPTS)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opened = browser.new_page()
    opened.goto(f"http://127.0.0.1:{server.server_port}/")
    yield opened
    opened.close()
    server.shutdown()
    server.server_close()


def test_mermaid_draws_the_bundled_flow_and_what_calls_did(page: Any) -> None:
    plan = Plan.of(flowfiles.load("inbound")[0])
    calls = [play(events(name), plan) for name in NAMES]
    for language in ("zh", "en"):
        whole = page.evaluate(DRAW, mermaid(build(plan.flow, language, rules=True, prompts=True)))
        assert all(state.title.in_(language) in whole for state in plan.flow.states.values())
        one = path(calls[0], 'the "first"; call', language)
        assert "1. 0:00" in page.evaluate(DRAW, mermaid(build(plan.flow, language, overlay=one)))
        assert "100 %" in page.evaluate(DRAW, mermaid(build(plan.flow, language, overlay=heat(calls, language))))
