"""A folder with one of everything that people hand to the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commandline import journal, sound

from callflow.journal import FORMAT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one sound recording, one journal, and everything that is neither."""
    sound(tmp_path / "ok.wav")
    sound(tmp_path / "six.wav", channels=6)
    sound(tmp_path / "zero.wav", seconds=0)
    journal(tmp_path / "call.jsonl")
    files: dict[str, bytes] = {
        "text.wav": "这是一段文字，不是录音。\n".encode(),
        "empty.wav": b"",
        "cut.wav": (tmp_path / "ok.wav").read_bytes()[:20],
        "random.mp3": np.random.default_rng(2).bytes(50_000),
        "text.jsonl": b"hello\n",
        "empty.jsonl": b"",
        "newer.jsonl": json.dumps({"type": "journal", "format": FORMAT + 1, "version": "9"}).encode(),
        "nan.events": b'{"type":"call.answered","at":NaN}\n',
        "speaker.events": b'{"type":"heard","at":1,"speaker":"robot","text":"a"}\n',
        "order.events": b'{"type":"call.answered","at":9}\n{"type":"call.held","at":8}\n',
        "long.events": b'{"type":"heard","at":1,"speaker":"agent","text":"' + b"a" * 1_000_000 + b'"}\n',
        "bytes.events": b'{"type":"call.transfer_started","at":1,"to":"\xff\xfe"}\n',
        "garbage.events": b"garbage\n\x00\n{}\n",
        "bad.yaml": b"flow: {start: a}\nstates:\n  a: {}\nphrase: {}\nrules:\n  r: {expect: agent b, servity: major}\n",
        "tagged.yaml": b"flow: !!python/object/apply:os.system ['touch pwned']\n",
        "template.yaml": "flow: {start: a}\nstates:\n  a: {}\nphrases:\n  p: {say: 您好(呀}\n".encode(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.wav").mkdir()
    return tmp_path
