"""Where things lie, and what is taken, where nothing else is asked for; for commands that must agree on it."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from callflow.commands import plugins
from callflow.errors import BadInput
from callflow.speech import engines
from callflow.texts import text


def default_folder() -> Path:
    """Where journals go unless another folder is named."""
    return user_data_path("callflow", appauthor=False) / "calls"


def copies_of_sound(archive: str) -> Path:
    """Where ``callflow serve`` keeps sound to play, and ``callflow purge`` deletes it; ``archive``: its name."""
    return user_cache_path("callflow", appauthor=False) / "sound" if "://" in archive else Path(f"{archive}.sound")


def chosen_engines(name: str, language: str = "en") -> list[engines.Choice]:
    """The quick recogniser, and the accurate one where two are asked for or (``auto``) can be had."""
    if name != "auto":
        parts = name.split("+")
        if len(parts) > 2 or len(set(parts)) < len(parts):
            raise BadInput(
                text(
                    '--engine: "{n}" is not one engine, or two that differ',
                    "--engine：“{n}”应为一个或两个不同的引擎",
                    n=name[:80],
                ),
                text(
                    "write one, or a quick and an accurate one: zipformer+whisper",
                    "例如 zipformer 或 zipformer+whisper",
                ),
            )
        return [plugins.engine(part, None, language) or engines.choose(part, "live") for part in parts]
    quick = engines.choose("auto", "live")
    accurate = engines.accurate_beside(quick)
    return [quick, accurate] if accurate else [quick]
