"""The one live loop: sound, telephone and agent in; engine, screen and journal out. Call after call, all day.

Everything that happens comes into one queue, from the threads that capture, recognise and serve the page, and is dealt
with here, one after another. Time is the source's: seconds of sound since it was opened.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

import numpy as np

from callflow.audio.source import Block, Source
from callflow.call.plan import Plan
from callflow.call.screen.desk import Desk
from callflow.call.screen.screen import Screen
from callflow.events import AgentAction
from callflow.live.actions import Action
from callflow.live.calls import Calls
from callflow.live.ears import Ears
from callflow.live.hearing import Hearing
from callflow.live.lines import Lines
from callflow.live.notices import Board
from callflow.live.recogniser import News
from callflow.live.reload import CUT_OFF, Reload, updated
from callflow.live.setting import Setting
from callflow.live.wall import Wall
from callflow.telephony.source import Notice as LineNotice
from callflow.telephony.source import Pressed, Reported

CHUNK = 2
"""Frames that are listened to at once: 40 ms."""
LAST_WORDS = 15.0
"""Seconds that recognisers get for what is under way when the source ends."""


Intake = queue.Queue[Block | News | None]
"""Sound, and what recognisers say of it; ``None``: the sound has ended. Filled from any thread."""


class Display(Protocol):
    """Where snapshots are shown and actions come from (``live.overlay``)."""

    actions: queue.Queue[Action]

    def show(self, view: dict[str, object]) -> int: ...


class LiveSession:
    """Runs until the source ends or ``stop``. ``lines`` tell what happens on the line; ``now``: the time of day.
    ``reload`` brings flows that are published meanwhile.

    ``intake`` is where the recognisers of ``ears`` put their news: it is there before they are. ``wall``: where a
    supervisor sees the call, too.
    """

    def __init__(
        self,
        plan: Plan,
        source: Source,
        ears: Ears,
        intake: Intake,
        display: Display,
        setting: Setting,
        lines: Lines | None = None,
        now: Callable[[], datetime] = datetime.now,
        wall: Wall | None = None,
        reload: Reload | None = None,
    ) -> None:
        self._source = source
        self._wall = wall
        self.ears = ears
        self._display = display
        self._setting = setting
        self._lines = lines or Lines()
        self.notices = Board()
        self._hearing = Hearing(setting.by_sound)
        self.calls = Calls(plan, self._hearing, ears, self._lines, setting, source.separate, now)
        self._reload = reload
        self._intake = intake
        self._stop = threading.Event()
        self._chunk: list[Block] = []
        self._failed: Exception | None = None
        self._idle = Screen(plan.flow)
        self._asked_for_list = 0
        self._source_ended: float | None = None
        self._dirty = True

    @property
    def clock(self) -> float:
        """Seconds of sound so far."""
        return self._hearing.clock

    # ------------------------------------------------------------------------------------ the loop

    def stop(self) -> None:
        """End the loop; from any thread. A call that is on is cut off and goes on at the next start."""
        self._stop.set()

    def run(self) -> None:
        """Until the source ends. Calls that are on then, or when an exception comes, are cut off, as by ``stop``."""
        try:
            if self.calls.resume():
                self.notices.put("call.cut_off", CUT_OFF)
            capture = threading.Thread(target=self._capture, name="capture", daemon=True)
            capture.start()
            while not self._stop.is_set() and not self._is_over():
                self._take(self._waiting())
                self._listen_to_the_line()
                self._obey()
                self._dirty |= self.calls.go_on()
                self._take_up()
                self._show()
        finally:
            self.calls.close()
        if self._failed:
            raise self._failed

    def _is_over(self) -> bool:
        """The source has ended, and so have the calls that were under way."""
        ended = self._source_ended
        return ended is not None and (not self.calls.ending or time.monotonic() - ended > LAST_WORDS)

    def _capture(self) -> None:
        try:
            for block in self._source:
                self._intake.put(block)
                while not self._setting.live and not self._stop.is_set() and self._behind():
                    time.sleep(0.002)
                if self._stop.is_set():
                    return
        except Exception as error:  # told by ``run``, in its own thread
            self._failed = error
        finally:
            self._intake.put(None)

    def _behind(self) -> bool:
        return self._intake.qsize() > 50 or self.ears.behind > 1.0 or not self.ears.ready

    def _waiting(self) -> list[Block | News | None]:
        try:
            items = [self._intake.get(timeout=0.1)]
            while not self._intake.empty():
                items.append(self._intake.get_nowait())
            return items
        except queue.Empty:
            return []

    def _take(self, items: Iterable[Block | News | None]) -> None:
        for item in items:
            if item is None:
                self._source_ended = time.monotonic()
            elif isinstance(item, Block):
                self._chunk.append(item)
                if len(self._chunk) >= CHUNK:
                    self._hear(_joined(self._chunk))
                    self._chunk.clear()
                    self._listen_to_the_line()
            else:
                self._dirty |= self.ears.take(item)

    def _hear(self, block: Block) -> None:
        piece = self._hearing.feed(block)
        if call := self.calls.current:
            call.hear(block)
            self.ears.hear(block, piece.agent_voiced, piece.customer_voiced)
        else:
            self._dirty |= self._hearing.idle(piece)
        for event in piece.events:
            self.calls.from_sound(event)
        self._dirty |= bool(piece.events)
        self.calls.end_if_quiet()

    # ------------------------------------------------------------------------------------ the telephone, the agent

    def _listen_to_the_line(self) -> None:
        for signal in self._lines.waiting():
            self._dirty = True
            if isinstance(signal, Reported):
                self.calls.reported(signal.event, signal.call, self._time_of(signal.monotonic))
            elif isinstance(signal, LineNotice):
                self.notices.put(f"line.{signal.about}", None if signal.over else signal.message)
            elif isinstance(signal, Pressed):
                self._pressed(signal.name)

    def _time_of(self, monotonic: float) -> float:
        """The source's clock at ``monotonic``."""
        began = getattr(self._source, "began", None)
        return max(0.0, monotonic - began) if self._setting.live and began else self.clock

    def _obey(self) -> None:
        while True:
            try:
                action = self._display.actions.get_nowait()
            except queue.Empty:
                return
            self._act(action)

    def _act(self, action: Action) -> None:
        self._dirty = True
        if action.name == "notice":
            self.notices.dismiss(action.target)
            if self._wall:
                self._wall.dismissed(action.target)
        elif action.name in ("tick", "dismiss", "edit", "situation"):
            if call := self.calls.current:
                at = max(0.0, self.clock - call.began)
                name = action.name
                self.calls.happened(AgentAction(at=at, action=name, target=action.target, value=action.value))  # type: ignore[arg-type]
        else:
            self._lines.press(action.name)

    def _pressed(self, name: str) -> None:
        """A key that is meant for the screen, pressed while another window has the keyboard."""
        call = self.calls.current
        if name == "situation":
            self._asked_for_list += bool(call)
            return
        main = call.screen.view(call.now)["main"] if call else None
        if main and name in ("tick", "dismiss"):
            self._act(Action(name, str(main["id"])))

    # ------------------------------------------------------------------------------------ another flow

    def _take_up(self) -> None:
        """A flow that was published is taken up where no call is on; that is told until the next one begins."""
        reload = self._reload
        if reload is None:
            return
        reload.in_call = self.calls.current is not None
        self._dirty |= self.notices.put("flow.broken", reload.trouble)
        if reload.in_call:
            self._dirty |= self.notices.put("flow.updated", None)
        elif plan := reload.fresh():
            self.calls.use(plan)
            self._idle = Screen(plan.flow)
            reload.use(plan)
            self.notices.put("flow.updated", updated(plan))
            self._dirty = True

    # ------------------------------------------------------------------------------------ the screen

    def _show(self) -> None:
        self._look_around()
        if not self._dirty:
            return
        self._dirty = False
        desk = Desk(
            listening=self._setting.listening,
            levels=self._hearing.levels,
            notices=self.notices.shown(),
            last=self.calls.last,
            recording=self._setting.folder is not None and not self.calls.trouble,
            choose=self._asked_for_list,
        )
        call = self.calls.shown
        self._display.show(call.view(desk) if call else self._idle.view(0.0, desk))
        if self._wall:
            self._wall.show(call.hidden_view(desk) if call else self._idle.view(0.0, desk))

    def _look_around(self) -> None:
        """What is in trouble, or no longer."""
        devices = getattr(self._source, "notices", None)
        if devices is not None:
            self.calls.deaf.look({notice.id for notice in devices.open}, self.calls.current, self.clock)
        changed = self.notices.follow_devices(devices)
        changed |= self.notices.follow_ears(self.ears)
        changed |= self.notices.follow_journal(self.calls.trouble)
        if self._wall:
            changed |= self.notices.follow_wall(self._wall)
        self._dirty |= changed


def _joined(blocks: list[Block]) -> Block:
    return Block(blocks[0].at, np.concatenate([b.agent for b in blocks]), np.concatenate([b.customer for b in blocks]))
