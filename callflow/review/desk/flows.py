"""The flows that calls were judged with, as far as they are at hand: for titles, and for what the overlay showed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from callflow import flowfiles, plans
from callflow.call.plan import Plan
from callflow.errors import CallflowError
from callflow.flow.model import Flow
from callflow.phrases.sounds import Sounds
from callflow.review.judge import version_of
from callflow.texts import Text, text

LOOKED_EVERY = 1.0
"""Seconds between two looks at the files of a flow at least: they are read by many requests, and take milliseconds."""


@dataclass(frozen=True, slots=True)
class Known:
    """A flow as its files were when somebody last looked. ``plan``: ``None`` where they have mistakes."""

    hashes: Mapping[str, str]
    plan: Plan | None
    looked: float


class Flows:
    """Plans by the name of their flow, as its files are now: a flow may be mended or published while the desk runs.

    ``folder``: where flows lie besides those that are bundled. A journal says which flow it was judged with, and
    anybody may have written it: it is only ever looked up among the names that are there, never opened as a path.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._kept: dict[str, Known] = {}

    def plan(self, name: str) -> Plan | None:
        """The plan of a flow; ``None`` where it is not at hand or has mistakes."""
        return self._known(name).plan

    def version(self, name: str) -> str:
        """Changes when the flow does."""
        return version_of(name, tuple(sorted(self._known(name).hashes.items())))

    def flow(self, name: str, files: Mapping[str, str] | None = None) -> Flow:
        """The flow; where it is not at hand one that knows only its name.

        ``files``: the hashes of the files by which a call was judged; where others are at hand the title says so.
        """
        plan = self.plan(name)
        if plan is None:
            return _nameless(name)
        flow = plan.flow
        if not files or flowfiles.of_calls(files) == flowfiles.of_calls(flow.hashes):
            return flow
        return replace(flow, title=text("{t} (changed since this call)", "{t}（通话之后已修改）", t=flow.title))

    @property
    def sounds(self) -> Sounds:
        """How characters sound: the same in every flow as far as digits go."""
        plan = self.plan(flowfiles.DEFAULT_FLOW)
        return plan.sounds if plan else Sounds()

    def _known(self, name: str) -> Known:
        """Without a lock: two that look at once read the same files, and nobody waits for another flow."""
        kept, now = self._kept.get(name), time.monotonic()
        if kept and now - kept.looked < LOOKED_EVERY:
            return kept
        folders = [folder for folder in (flowfiles.flows_folder(), self._folder) if folder and folder.is_dir()]
        there = {path.name: path for folder in folders for path in folder.iterdir() if path.is_dir()}
        known = Known({}, None, now)
        with suppress(CallflowError):
            if name in there:
                sources = flowfiles.read_sources(str(there[name]), rehearsals=False)
                known = Known(sources.hashes, None, now)
                same = kept is not None and kept.hashes == sources.hashes
                known = replace(known, plan=kept.plan if kept and same else plans.of(sources)[0])
        if name in there:  # names that journals make up are not kept
            self._kept[name] = known
        return known


def _nameless(name: str) -> Flow:
    return Flow(
        name=name, title=Text(name, name), start="", states={}, phrases={}, rules={}, fields={}, groups={}, slots={}
    )
