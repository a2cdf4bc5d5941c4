"""The prompts on the agent's screen: shown once, ticked, withdrawn or expired, each as an output event.

Two rules and a state may ask for the same words at the same time; the screen has them once. Such a prompt belongs to
all who asked: it is ticked as soon as one of them is satisfied and goes when none of them needs it any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from callflow.events import Event, Prompt
from callflow.flow.model import PromptSpec

PRIORITY = {"warn": 90, "do": 60, "say": 50, "ask": 50, "remind": 30, "tip": 10}
"""Which prompt comes first where several are open; a deadline adds ``DUE_BONUS``."""
DUE_BONUS = 20
SLOT = re.compile("〈([^〉]*)〉")
UNKNOWN = "……"


@dataclass(slots=True)
class _Open:
    prompt: Prompt
    words: tuple[str, str]
    phrase: str
    owners: dict[str, float | None] = field(default_factory=dict)
    """who asked for it, each with a deadline where there is one"""
    ticked_early: bool = False


class PromptBoard:
    """The open prompts of one call. Every method appends its outputs to ``out``."""

    def __init__(self, out: list[Event], value_of: Callable[[str], str]) -> None:
        self.out = out
        self._value_of = value_of
        self._times: dict[tuple[str, str], list[float]] = {}
        self._open: dict[str, _Open] = {}
        self._by_words: dict[tuple[str, str], _Open] = {}

    def show(self, at: float, owner: str, spec: PromptSpec, due: float | None = None) -> None:
        """Ask for a prompt on behalf of ``owner``, with a deadline where there is one."""
        words = (spec.kind, spec.text)
        shown = self._by_words.get(words)
        if shown is None:
            if not self._may_come(words, spec, at):
                return
            priority = spec.priority or PRIORITY[spec.kind] + (DUE_BONUS if due is not None else 0)
            prompt = Prompt(
                at=at,
                id=owner,
                kind=spec.kind,
                text=self._filled(spec.text),
                status="shown",
                refs=spec.refs,
                due=due,
                priority=priority,
            )
            shown = _Open(prompt, words, spec.phrase)
            self._by_words[words] = shown
            self._times.setdefault(words, []).append(at)
            self.out.append(prompt)
        elif due is not None and (shown.prompt.due is None or due < shown.prompt.due):
            priority = spec.priority or PRIORITY[spec.kind] + DUE_BONUS
            shown.prompt = replace(shown.prompt, at=at, due=due, priority=priority)
            self.out.append(shown.prompt)
        shown.owners[owner] = due
        self._open[owner] = shown

    def warn(self, prompt: Prompt) -> bool:
        """Show a warning; ``False`` where the same one is on the screen already."""
        if prompt.id in self._open:
            return False
        words = (prompt.kind, prompt.id)
        self._open[prompt.id] = self._by_words[words] = _Open(prompt, words, "", {prompt.id: None})
        self.out.append(prompt)
        return True

    def done(self, at: float, owner: str) -> None:
        """What the prompt asked for was done: it is ticked for all who asked."""
        shown = self._open.get(owner)
        if shown:
            self._close(at, shown, "done")

    def expire(self, at: float, owner: str) -> None:
        """The deadline of ``owner`` passed; the prompt stays for whoever else asked, with the next deadline."""
        shown = self._open.pop(owner, None)
        if shown:
            del shown.owners[owner]
            if not shown.owners:
                self._close(at, shown, "expired")
                return
            dues = [due for due in shown.owners.values() if due is not None]
            shown.prompt = replace(shown.prompt, at=at, due=min(dues, default=None))
            self.out.append(shown.prompt)

    def withdraw(self, at: float, owner: str) -> None:
        """``owner`` does not need its prompt any more; it stays while somebody else does."""
        shown = self._open.pop(owner, None)
        if shown:
            shown.owners.pop(owner, None)
            if not shown.owners:
                self._close(at, shown, "withdrawn")

    def said(self, at: float, phrase: str) -> None:
        """The agent said ``phrase``: every prompt that asked for just that is ticked."""
        for shown in [shown for shown in self._by_words.values() if shown.phrase == phrase]:
            self._close(at, shown, "done")

    def close_all(self, at: float) -> None:
        """The call is over: nothing asked for is wanted any more, and warnings have had their time."""
        for shown in list(self._by_words.values()):
            self._close(at, shown, "expired" if shown.prompt.kind == "warn" else "withdrawn")

    def tick_early(self, at: float, phrase: str, agreed: bool) -> None:
        """Two partials agree that ``phrase`` is being said (or, ``agreed`` false, it turns out that it was not)."""
        for shown in self._by_words.values():
            if shown.phrase == phrase and shown.ticked_early != agreed:
                shown.ticked_early = agreed
                early = replace(shown.prompt, at=at, stage="provisional")
                self.out.append(replace(early, status="done") if agreed else early)

    def end(self, at: float, prompt_id: str, done: bool) -> None:
        """The agent ticked or dismissed the prompt by hand."""
        for shown in [shown for shown in self._by_words.values() if shown.prompt.id == prompt_id]:
            self._close(at, shown, "done" if done else "withdrawn")

    def _may_come(self, words: tuple[str, str], spec: PromptSpec, at: float) -> bool:
        times = self._times.get(words, [])
        return not (times and at < times[-1] + spec.cooldown) and not (spec.most and len(times) >= spec.most)

    def _filled(self, words: str) -> str:
        """The words with 〈field〉 replaced by what is known of the field, and by …… where nothing is."""
        filled = SLOT.sub(lambda slot: self._value_of(slot[1]) or UNKNOWN, words)
        return filled.removeprefix(f"{UNKNOWN}，")

    def _close(self, at: float, shown: _Open, status: str) -> None:
        for owner in shown.owners:
            self._open.pop(owner, None)
        del self._by_words[shown.words]
        self.out.append(replace(shown.prompt, at=at, status=status))  # type: ignore[arg-type]
