"""``callflow doctor``: what ``callflow live`` needs, a line each, and the command that mends what is wrong."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from callflow.audio.headset import Headset
from callflow.commands.common import port_of, warn_of_models
from callflow.commands.places import chosen_engines, default_folder
from callflow.doctor import checks, speed
from callflow.doctor.result import Check, Result, State
from callflow.errors import ModelError
from callflow.speech import engines
from callflow.texts import Text, text

SIGNS: dict[State, str] = {"ok": "✓", "warning": "!", "trouble": "✕"}
_WIDTH = 22


def run_doctor(options: argparse.Namespace, language: str) -> int:
    """Look at everything; 1 where ``callflow live`` could not start."""
    if not options.json:
        warn_of_models(language)
    done: list[tuple[Check, Result]] = []
    for check in all_checks(options):
        result = check.run()
        done.append((check, result))
        if not options.json:
            print(f"{SIGNS[result.state]} {_padded(check.name.in_(language))} {result.in_(language)}", flush=True)
    troubles = sum(result.state == "trouble" for _, result in done)
    if options.json:
        print(json.dumps(_as_json(done, language), ensure_ascii=False, indent=1))
    else:
        print((_READY if not troubles else _not_ready(troubles)).in_(language))
    return 1 if troubles else 0


def all_checks(options: argparse.Namespace) -> Iterator[Check]:
    """In the order in which things have to work; each is made when those before it have run."""
    engine = partial(chosen_engines, options.engine)
    yield Check("python", Text("Python", "Python"), checks.python)
    yield Check("packages", text("live packages", "实时通话组件"), checks.packages)
    for one in engines.ENGINES:
        name = text("engine {n}", "引擎 {n}", n=one.name)
        yield Check(f"engine.{one.name}", name, partial(checks.engine, one), 60.0, needed=False)
    yield Check("recogniser", text("recogniser", "识别引擎选择"), partial(checks.recogniser, engine), 60.0)
    sides = (options.microphone, options.far_end)
    yield Check("microphone", text("microphone", "麦克风"), partial(checks.device, "microphone", sides[0]), 25.0)
    yield Check("far_end", text("far end", "对方声音"), partial(checks.device, "far_end", sides[1]), 25.0)
    yield Check("browser", text("browser", "浏览器"), checks.browser)
    yield Check("port", text("port", "端口"), lambda: checks.port(port_of(options.port)))
    folder = Path(options.journals) if options.journals else default_folder()
    yield Check("disk", text("disk", "磁盘"), partial(checks.disk, folder))
    yield Check("hotkeys", text("hotkeys", "热键"), checks.hotkeys, needed=False)
    yield Check("sip", text("SIP softphone", "SIP 软电话"), partial(checks.optional, *_SIP), needed=False)
    yield Check("window", text("window on top", "置顶窗口"), partial(checks.optional, *_WINDOW), needed=False)
    try:
        chosen = engine()
    except ModelError:
        chosen = []  # said above
    for choice in chosen:
        first = choice is chosen[0]
        name = text("speed: {n}", "速度：{n}", n=choice.name)
        yield Check(f"speed.{choice.name}", name, partial(speed.recognition, choice), 130.0, first)
    yield Check("speed.matching", text("speed: phrases", "速度：话术匹配"), partial(speed.matching, options.flow), 30.0)
    yield Check(
        "speed.overlay", text("speed: overlay", "速度：浮窗"), lambda: speed.overlay(port_of(options.port)), 20.0
    )
    capture = partial(speed.capture, Headset, *sides)
    yield Check("speed.capture", text("speed: capture", "速度：采集"), capture, 45.0)


_SIP = "baresip", "pip install 'callflow[sip]'", text("--calls sip: cannot be used", "不能使用 --calls sip:")
_WINDOW = "webview", "pip install pywebview", text("use Float in the browser", "请用浏览器中的“置顶”")
_READY = text("callflow live can start.", "callflow live 可以启动。")


def _not_ready(troubles: int) -> Text:
    return text("callflow live cannot work yet: see ✕ ({n}).", "callflow live 还不能使用，见 ✕（{n} 项）。", n=troubles)


def _padded(name: str) -> str:
    """As wide as all names on a terminal, where a Chinese character takes two columns."""
    return name + " " * max(1, _WIDTH - sum(2 if ord(sign) > 0x2E80 else 1 for sign in name))


def _as_json(done: list[tuple[Check, Result]], language: str) -> dict[str, object]:
    return {
        "ok": all(result.state != "trouble" for _, result in done),
        "checks": [
            {
                "id": check.id,
                "state": result.state,
                "told": result.told.in_(language),
                "mend": result.mend.in_(language),
                "figures": result.figures,
            }
            for check, result in done
        ],
    }
