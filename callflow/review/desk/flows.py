"""The flows that calls were judged with, as far as they are at hand: for titles, and for what the overlay showed."""

from __future__ import annotations

import threading
from pathlib import Path

from callflow import flowfiles, plans
from callflow.call.plan import Plan
from callflow.errors import CallflowError
from callflow.flow.model import Flow
from callflow.phrases.sounds import Sounds
from callflow.texts import Text


class Flows:
    """Plans by the name of their flow, each read once. ``folder``: where flows lie besides those that are bundled.

    A journal says which flow it was judged with, and anybody may have written it: it is only ever looked up among the
    names that are there, never opened as a path.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._plans: dict[str, Plan | None] = {}
        self._lock = threading.Lock()

    def plan(self, name: str) -> Plan | None:
        """The plan of a flow; ``None`` where it is not at hand or has mistakes."""
        with self._lock:
            if name not in self._plans:
                self._plans[name] = self._load(name)
            return self._plans[name]

    def flow(self, name: str) -> Flow:
        """The flow; where it is not at hand one that knows only its name."""
        plan = self.plan(name)
        return plan.flow if plan else _nameless(name)

    @property
    def sounds(self) -> Sounds:
        """How characters sound: the same in every flow as far as digits go."""
        plan = self.plan(flowfiles.DEFAULT_FLOW)
        return plan.sounds if plan else Sounds()

    def _load(self, name: str) -> Plan | None:
        folders = [folder for folder in (flowfiles.flows_folder(), self._folder) if folder and folder.is_dir()]
        there = {path.name: path for folder in folders for path in folder.iterdir() if path.is_dir()}
        try:
            return plans.load(str(there[name]))[0] if name in there else None
        except CallflowError:
            return None


def _nameless(name: str) -> Flow:
    return Flow(
        name=name, title=Text(name, name), start="", states={}, phrases={}, rules={}, fields={}, groups={}, slots={}
    )
