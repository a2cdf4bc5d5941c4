"""How quick the desk is: calls, agents, rules, fifty supervisors at once, one call of an hour in a real browser.

``python scripts/bench_desk.py ARCHIVE``: an archive that ``bench_archive.py --url`` or ``fill_archive.py`` has made; a
user and a call of an hour are added to it. Prints a table for docs/performance.md.
"""

from __future__ import annotations

import os
import random
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import av
import bundled
import numpy as np
from bench_row import Row
from served import Browser

from callflow import plans
from callflow.archive import calls, tallies, users
from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.audio.recording import Recording
from callflow.call.plan import Plan
from callflow.events import CallHungUp, Event, Heard
from callflow.journal import Header
from callflow.review.judge import flow_version, judgement
from callflow.review.replay import rejudge

HOUR, SUPERVISORS, PAGES = 3600.0, 50, 6
CALLS_BAR, FIFTY_BAR, READY_BAR, SEEK_BAR, PAINT_BAR = 200.0, 500.0, 1500.0, 200.0, 1000.0
"""Milliseconds."""
WORDS = ("您好", "货", "不归我管", "投诉", "谢谢您", "电话号码", "转接")
QUERIES = (
    *("", "?sort=score", "?sort=score&up=1", "?sort=agent", "?sort=faults", "?sort=duration&up=1", "?page=20"),
    *("?score_below=50", "?score_above=95&sort=score&up=1", "?verdict=missed", "?verdict=violated&severity=severe"),
    *("?since=2026-10-01&until=2026-10-02", "?status=failed", "?disputed=1", "?direction=inbound"),
    *(f"?words={quote(words)}" for words in WORDS),
    *(f"?sounds=1&words={quote(words)}" for words in WORDS),
)
FIGURES = (
    *("/agents", "/agents?sort=faults", "/agents?agent=1003", "/agents?team=一组", "/agents?queue=投诉"),
    *("/rules", "/rules?sort=precision", "/rules?team=一组", "/rules?queue=投诉&sort=share", "/rules?agent=1003"),
)
SPREAD = ("/calls", "/calls", "/calls", "/calls", "/agents", "/rules")
"""What fifty supervisors open: mostly calls, now and then figures."""


def main(archive: Path) -> None:
    name, password = f"bench-{secrets.token_hex(4)}", secrets.token_hex(12)
    plan, _ = plans.load()
    with Archive.open(str(archive)) as opened:
        users.add(opened, name, password, "admin")
        number = calls.add(opened, [_hour(archive, plan)])[0]
        with opened.begin() as session:
            tallies.all_changed(session)
    command = [sys.executable, "-m", "callflow", "serve", "--archive", str(archive), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(re.findall(r":(\d+)/", process.stdout.readline())[0])
            browser = Browser(port)
            assert browser.log_in(name, password).status == 303
            print(f"load average before: {os.getloadavg()[0]:.1f}", file=sys.stderr)
            print(_pages(browser).line(), flush=True)
            for row in _figures(browser):
                print(row.line(), flush=True)
            print(_fifty(browser).line(), flush=True)
            for row in _one_call(browser, number):
                print(row.line(), flush=True)
        finally:
            process.terminate()
            process.wait(20)


def _hour(archive: Path, plan: Plan) -> NewCall:
    """The faulty call over and over for an hour, with the partials that a recogniser gives; and its recording."""
    events = bundled.events("faulty")
    heard = [event for event in events if isinstance(event, Heard)]
    sound = list(Recording(bundled.CALLS / "faulty.opus"))
    length = sound[-1].end
    told: list[Event] = [e for e in events if not isinstance(e, Heard | CallHungUp)]
    for nth in range(int(HOUR / length)):
        for one in heard:
            for part in range(1, 7):
                end = one.start + (one.end - one.start) * part / 6
                text = one.text[: max(1, len(one.text) * part // 6)]
                told.append(
                    replace(
                        one,
                        at=end + nth * length,
                        text=text,
                        start=one.start + nth * length,
                        end=end + nth * length,
                        utterance=f"{one.utterance}.{nth}",
                        final=part == 6,
                    )
                )
    told.append(CallHungUp(at=HOUR, by="customer"))
    judged: list[Event] = []
    rejudge(sorted(told, key=lambda event: event.at), plan, judged.append)
    made = judgement(judged, Header(plan.flow.name, plan.flow.hashes, "hour.opus"), plan)
    path = archive.resolve().with_name("hour.opus")
    _record(path, sound, int(HOUR / length) + 1)
    return NewCall(
        key=secrets.token_hex(32),
        path=str(path),
        sha256=sha256(path.read_bytes()).hexdigest(),
        duration=made.duration,
        engine="truth",
        flow=flow_version(plan.flow),
        journal=made.journal,
        findings=made.findings,
        score=made.score,
        text=made.text,
        sounds=made.sounds,
    )


def _record(path: Path, blocks: list[Any], times: int) -> None:
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="stereo")
        stream.bit_rate = 32_000
        stream.codec_context.open()
        cut = av.AudioResampler(format="s16", layout="stereo", rate=48_000, frame_size=960)
        for block in blocks * times:
            samples = np.stack([block.agent, block.customer], axis=1).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16", layout="stereo")
            frame.rate = 16_000
            for part in cut.resample(frame):
                container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def _asked(browser: Browser, address: str) -> float:
    """Milliseconds from asking for a page until all of it is there."""
    began = time.perf_counter()
    assert browser.ask(address).status == 200
    return 1000 * (time.perf_counter() - began)


def _pages(browser: Browser) -> Row:
    for query in QUERIES:
        _asked(browser, "/calls" + query)
    p95 = quantiles([_asked(browser, "/calls" + query) for _ in range(3) for query in QUERIES], n=20)[-1]
    return Row("calls page, any filter or search: whole answer, p95", f"{p95:.0f} ms", "200 ms", p95 <= CALLS_BAR)


def _figures(browser: Browser) -> list[Row]:
    first = _asked(browser, "/rules?since=2026-01-05&until=2026-12-31")
    p95 = quantiles([_asked(browser, address) for _ in range(3) for address in FIGURES], n=20)[-1]
    return [
        Row("rules page of a year, first time after an import: rules are counted", f"{first / 1000:.1f} s"),
        Row("agents and rules, any filter: whole answer, p95", f"{p95:.0f} ms", "200 ms", p95 <= CALLS_BAR),
    ]


def _fifty(browser: Browser) -> Row:
    taken: list[float] = []
    wrong: list[Exception] = []

    def supervisor(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(PAGES):
            time.sleep(8 * draw.random())
            try:
                path = draw.choice(SPREAD)
                taken.append(_asked(browser, path + draw.choice(QUERIES) if path == "/calls" else path))
            except (AssertionError, OSError) as error:
                wrong.append(error)

    threads = [threading.Thread(target=supervisor, args=(number,)) for number in range(SUPERVISORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p95 = quantiles(taken, n=20)[-1]
    figure = f"{p95:.0f} ms, {len(wrong)} errors"
    what = f"{SUPERVISORS} supervisors, each a page (two of three are calls) about every 4 s, p95"
    return Row(what, figure, "500 ms, no error", p95 <= FIFTY_BAR and not wrong)


def _one_call(browser: Browser, number: int) -> list[Row]:
    from playwright.sync_api import sync_playwright

    url = f"http://127.0.0.1:{browser.port}"
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        context.add_cookies([{"name": n, "value": value, "url": url} for n, value in browser.cookies.items()])
        page = context.new_page()
        page.goto(f"{url}/calls")
        while not page.evaluate("performance.getEntriesByName('first-contentful-paint').length"):
            page.wait_for_timeout(20)
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        ready, waves = [], []
        for _ in range(4):
            page.goto(f"{url}/calls/{number}")
            page.wait_for_selector("body[data-ready]")
            ready.append(page.evaluate("performance.getEntriesByName('ready')[0].startTime"))
            while not page.evaluate("performance.getEntriesByName('waveform').length"):
                page.wait_for_timeout(20)
            waves.append(page.evaluate("performance.getEntriesByName('waveform')[0].startTime"))
        seeks = [page.evaluate(_SEEK, at) for at in (600, 1800, 3300, 60, 2400, 900)]
        chromium.close()
    first = f"first time {ready[0]:.0f} ms, then {max(ready[1:]):.0f} ms"
    drawn = f"first time {waves[0] / 1000:.1f} s, then {max(waves[1:]) / 1000:.1f} s"
    return [
        Row("calls page: first paint", f"{painted:.0f} ms", "1 s", painted <= PAINT_BAR),
        Row("call of 60 min: page ready", first, "1.5 s", max(ready) <= READY_BAR),
        Row("call of 60 min: waveform drawn", drawn),
        Row("call of 60 min: seek, worst of six", f"{max(seeks):.0f} ms", "200 ms", max(seeks) <= SEEK_BAR),
    ]


_SEEK = """async (at) => {
  const sound = document.getElementById("sound"), began = performance.now();
  sound.currentTime = at;
  await new Promise((done) => sound.addEventListener("seeked", done, { once: true }));
  return performance.now() - began;
}"""

if __name__ == "__main__":
    main(Path(sys.argv[1]))
