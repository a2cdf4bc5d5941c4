"""What a check found, and how checks are run: one after another, none for ever, none with a traceback."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from callflow.errors import CallflowError
from callflow.texts import Text, printable, text

State = Literal["ok", "warning", "trouble"]
"""All is well; something is worse than it could be; ``callflow live`` cannot do without."""

NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Result:
    """``told``: what there is or what is wrong; ``mend``: what to do about it; ``figures``: what was measured, by name
    with its unit."""

    state: State
    told: Text
    mend: Text = NOTHING
    figures: dict[str, float] = field(default_factory=dict)

    def in_(self, language: str) -> str:
        """Both in one line."""
        parts = (self.told.in_(language), self.mend.in_(language))
        return printable(" — ".join(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. ``id``: its name for programs; ``limit``: seconds that it may take."""

    id: str
    name: Text
    look: Callable[[], Result]
    limit: float = 10.0
    needed: bool = True
    """whether ``callflow live`` cannot start without"""

    def run(self) -> Result:
        """Look, but for no longer than ``limit``: whatever hangs is left behind."""
        found: list[Result] = []
        thread = threading.Thread(target=lambda: found.append(self._looked()), name=self.id, daemon=True)
        thread.start()
        thread.join(self.limit)
        if found:
            return found[0]
        return self._bad(
            text("no answer within {s:.0f} s", "{s:.0f} 秒内没有结果", s=self.limit),
            text("the machine is very busy, or a driver hangs: try again", "电脑太忙或驱动卡住，请再试一次"),
        )

    def _looked(self) -> Result:
        try:
            return self.look()
        except CallflowError as error:
            return self._bad(error.message, error.hint)
        except Exception as error:  # whatever a library of this machine comes up with is a finding
            why = f"{type(error).__name__}: {error}"
            return self._bad(text("cannot be checked: {w}", "无法检查：{w}", w=why))

    def _bad(self, told: Text, mend: Text = NOTHING) -> Result:
        return Result("trouble" if self.needed else "warning", told, mend)


def ok(en: str, zh: str, figures: dict[str, float] | None = None, **values: object) -> Result:
    """All is well."""
    return Result("ok", text(en, zh, **values), NOTHING, figures or {})
