"""The import directions of the design, held by a walk over the syntax trees: nothing is imported to check them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_LINES = 450
"""Aim at 400. A file that outgrows this has two subjects."""
LONGER = {"events"}  # the one protocol: every event on one page

# What the modules of callflow that anyone may use may use themselves.
BASE = {"texts", "problems", "errors", "events", "json_fields", "collecting", "pairing"}
ENGINE = {"call", "phrases", "flow"}
SHELL = BASE | ENGINE | {"acoustics", "audio", "speech", "telephony", "journal", "models", "flowfiles", "plans"}
SHELL |= {"running", "workdays", "archive", "gate", "writing"}

MAY_IMPORT = {
    "texts": set(),
    "collecting": set(),
    "problems": {"texts"},
    "errors": {"texts", "problems"},
    "json_fields": {"texts"},
    "events": {"texts", "problems", "json_fields"},
    "pairing": {"events"},
    "flow": BASE,
    "phrases": BASE | {"flow"},
    "call": BASE | {"flow", "phrases"},
    "acoustics": BASE,
    "audio": BASE,
    "telephony": BASE,
    "journal": BASE,
    "fetch": BASE,
    "gate": BASE,
    "flowfiles": BASE | {"flow", "writing"},
    "plans": BASE | ENGINE | {"flowfiles"},
    "workdays": {"texts", "events"},
    "writing": BASE,
    "running": BASE | {"flow", "flowfiles", "writing"},
    "models": BASE | {"fetch"},
    "plugins": {"texts", "problems", "errors"},
    "speech": BASE | {"audio", "models"},
    "archive": BASE | ENGINE | {"journal"},  # it hides numbers as a live call does (masking)
    "web": BASE | {"archive", "gate"},
    "live": SHELL,
    "review": SHELL | {"web"},
    "design": SHELL | {"web"},
    "doctor": SHELL | {"live"},
    "commands": SHELL | {"live", "review", "design", "doctor", "web", "plugins"},
    "options": SHELL | {"commands"},
    "cli": SHELL | {"live", "review", "design", "commands", "options"},
    "__main__": {"cli"},
}

# An adapter is named where it is chosen, and by nobody else.
ADAPTERS = (
    *("speech.vosk", "speech.whisper", "speech.zipformer", "audio.recording", "audio.headset", "audio.telephone"),
    *("telephony.sip", "telephony.ami", "telephony.ari", "telephony.webhook", "telephony.hotkeys"),
)
CHOOSERS = ("commands", "cli", "speech.engines")

# Libraries that one place hides from all others.
HIDDEN: dict[str, str | tuple[str, ...]] = {
    "transitions": "call.machine",
    "ahocorasick": "phrases",
    "ruamel": "flow",
    "av": "audio",
    "chinese_calendar": "workdays",
    "pyaudio": "audio.sound_card",
    "pyaudiowpatch": "audio.sound_card",
    "vosk": "speech.vosk",
    "sherpa_onnx": "speech.zipformer",
    "faster_whisper": "speech.whisper",
    "baresip": "telephony",
    "pynput": "telephony.hotkeys",
    "uvicorn": ("live.overlay", "web.server"),
    "webview": "live.window",
    "fastapi": ("live", "telephony.webhook", "web", "review.desk", "design.studio"),
    "nicegui": ("web", "review.desk", "design.studio"),
    "sqlalchemy": "archive",
    "alembic": "archive",
    "argon2": "archive",
    "distributed": "review.fleet",
    "websockets": ("telephony.ari", "live.wall"),
    "watchfiles": "commands.rehearse",
}

# The pure packages know no clock, no thread, no file and no network: time and text are handed to them.
PURE = ("call", "phrases", "flow", "acoustics")
IMPURE_MODULES = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "selectors", "signal", "threading"),
    *("sched", "time"),
    *("glob", "importlib", "mmap", "os", "pathlib", "shutil", "sqlite3", "subprocess", "sys", "tempfile"),
    *("http", "requests", "socket", "ssl", "urllib"),
    *("logging", "random", "secrets", "uuid"),
}
IMPURE_CALLS = {
    *("open", "print", "input", "exec", "eval", "__import__"),
    *("read_text", "read_bytes", "write_text", "write_bytes"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
}


def violations(root: Path) -> list[str]:
    """What in ``root/callflow`` breaks the design, as ``file:line: what``."""
    found = []
    for path in sorted((root / "callflow").rglob("*.py")):
        module = ".".join(path.relative_to(root / "callflow").with_suffix("").parts)
        source = path.read_text(encoding="utf-8")
        if (lines := source.count("\n")) > MAX_LINES and module not in LONGER:
            found.append(f"{path.relative_to(root)}:{MAX_LINES}: {lines} lines, {MAX_LINES} at most")
        tree = ast.parse(source)
        wrong = [*wrong_imports(module, tree), *(wrong_calls(tree) if within(module, PURE) else ())]
        found += [f"{path.relative_to(root)}:{line}: {what}" for line, what in wrong]
    return found


def within(module: str, places: str | tuple[str, ...]) -> bool:
    """Whether a module is one of ``places`` or lies in one."""
    return f"{module}.".startswith(
        tuple(f"{p.rstrip('.')}." for p in ([places] if isinstance(places, str) else places))
    )


def wrong_imports(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    here = module.split(".")[0]
    for line, name in imports(module, tree):
        top, _, inside = name.partition(".")
        if top == "callflow":
            there = inside.split(".")[0]
            if there not in (here, "__version__", "") and there not in MAY_IMPORT.get(here, SHELL):
                yield line, f"{here} must not import {there}"
            named = next((adapter for adapter in ADAPTERS if inside.startswith(adapter)), None)
            if named and not module.startswith(named) and not within(module, CHOOSERS):
                yield line, f"only {' and '.join(CHOOSERS)} name the adapter {inside}"
            continue
        if top in HIDDEN and not within(module, HIDDEN[top]):
            yield line, f"{top} belongs to {HIDDEN[top]}"
        if top in IMPURE_MODULES and within(module, PURE):
            yield line, f"{here} is pure and must not import {top}"


def imports(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name imported anywhere in a module, in full: ``from callflow import x`` gives ``callflow.x``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ["callflow", *module.split(".")][: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name) for name in names)


def wrong_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            short = name.rpartition(".")[2]
            if short in IMPURE_CALLS or any(name.endswith(call) for call in IMPURE_CALLS if "." in call):
                yield node.lineno, f"a pure package must not call {name}()"


def test_the_design_holds() -> None:
    assert violations(ROOT) == []


def test_every_package_has_its_place_in_the_design() -> None:
    packages = {
        path.stem for path in (ROOT / "callflow").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert packages - {"__init__"} <= MAY_IMPORT.keys()


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("review/replay.py", "from callflow.live import session", "review must not import live"),
        ("live/session.py", "def f():\n    import callflow.design.lint", "design"),
        ("flow/read.py", "from callflow.phrases.book import Book", "flow must not import phrases"),
        ("flow/read.py", "from ..call import guide", "flow must not import call"),
        ("journal.py", "from . import speech", "journal must not import speech"),
        ("audio/source.py", "from callflow import cli", "audio must not import cli"),
        ("events.py", "from callflow.errors import BadInput", "events must not import errors"),
        ("call/guide.py", "from time import monotonic", "must not import time"),
        ("flow/read.py", "import os.path", "must not import os"),
        ("flow/read.py", "text = open('flow.yaml').read()", "must not call open()"),
        ("flow/read.py", "text = path.read_text()", "must not call path.read_text()"),
        ("call/rules.py", "import datetime\nnow = datetime.datetime.now()", "datetime.datetime.now()"),
        (
            "call/guide.py",
            "from transitions.extensions import HierarchicalMachine",
            "transitions belongs to call.machine",
        ),
        ("review/replay.py", "import av", "av belongs to audio"),
        ("review/replay.py", "from callflow.speech.vosk import VoskTranscriber", "name the adapter"),
        ("live/session.py", "from callflow.audio import headset", "name the adapter"),
        ("live/session.py", "from callflow.telephony.ami import Manager", "name the adapter"),
        ("call/guide.py", "x = 1\n" * (MAX_LINES + 1), "lines"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, source: str, complaint: str) -> None:
    path = tmp_path / "callflow" / file
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
    found = violations(tmp_path)
    assert len(found) == 1
    assert complaint in found[0]
    assert found[0].startswith(f"callflow/{file}:")


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("cli.py", "from callflow.audio.recording import Recording\nfrom callflow.review import replay"),
        ("speech/engines.py", "def load():\n    from callflow.speech.vosk import VoskTranscriber"),
        ("speech/transcriber.py", "from callflow.audio.source import Block\nimport time"),
        ("live/session.py", "from callflow.telephony.source import Reported"),
        ("call/machine.py", "from transitions import Machine\nfrom ..phrases.book import Match"),
        ("call/guide.py", "from datetime import timedelta\nopened = obligation.reopen()"),
    ],
)
def test_what_the_design_allows_passes(tmp_path: Path, file: str, source: str) -> None:
    path = tmp_path / "callflow" / file
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
    assert violations(tmp_path) == []
