"""The one live loop: sound, telephone and agent in; engine, screen and journal out. Call after call, all day.

Everything that happens comes into one queue, from the threads that capture, recognise and serve the page, and is dealt
with here, one after another. Time is the source's: seconds of sound since it was opened.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from callflow import flowfiles
from callflow.acoustics.listener import Listener
from callflow.audio.source import Block, Source
from callflow.call.hiding import MARKS, OTHER_MARKS, Hider
from callflow.call.plan import Plan
from callflow.call.screen.desk import Desk, LastCall
from callflow.call.screen.screen import Screen
from callflow.events import (
    AgentAction,
    CallAnswered,
    CallContext,
    CallHungUp,
    CallRinging,
    Event,
    Gap,
    Speaker,
)
from callflow.journal import Header
from callflow.live.actions import Action
from callflow.live.call import LINE_EVENTS, LiveCall, shifted
from callflow.live.ears import Ears
from callflow.live.lines import Lines
from callflow.live.notices import Board
from callflow.live.recogniser import News
from callflow.live.record import SUFFIX, CallRecord, take_up
from callflow.telephony.life import Status
from callflow.telephony.source import Notice as LineNotice
from callflow.telephony.source import Pressed, Reported
from callflow.texts import Text
from callflow.workdays import with_day

CHUNK = 2
"""Frames that are listened to at once: 40 ms."""
PRE_ROLL = 1.5
"""Seconds of sound from before the first ring was noticed that belong to a call told from the sound."""
QUIET_END = 120.0
"""Seconds without any voice after which a call told from the sound is over: nobody says so."""
GOES_ON = timedelta(minutes=10)
"""A call that was cut off goes on where its journal was written to no longer ago than this."""
LEVELS_EVERY = 0.25
TRIED_EVERY = 5.0
"""Seconds between attempts to write what could not be written."""
LAST_WORDS = 15.0
"""Seconds that recognisers get for what is under way when the source ends."""


class Display(Protocol):
    """Where snapshots are shown and actions come from (``live.overlay``)."""

    actions: queue.Queue[Action]

    def show(self, view: dict[str, object]) -> int: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """How calls are told and kept.

    ``folder``: where journals go, ``None`` for nowhere. ``by_sound``: calls are told from the sound. ``keep_numbers``:
    telephone, card and identity numbers are not hidden in the journals. ``engine``: the name of the recogniser.
    ``listening``: what listens, in words. ``live``: the source is as fast as life; else it waits for the recognisers.
    ``sound``: keep what was heard, too.
    """

    folder: Path | None
    by_sound: bool = False
    keep_numbers: bool = False
    engine: str = ""
    listening: Text = field(default_factory=lambda: Text("", ""))
    live: bool = True
    sound: bool = False


class LiveSession:
    """Runs until the source ends or ``stop``. ``lines`` tell what happens on the line; ``now``: the time of day."""

    def __init__(
        self,
        plan: Plan,
        source: Source,
        ears: Ears,
        display: Display,
        setting: Setting,
        lines: Lines | None = None,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._plan = plan
        self._source = source
        self.ears = ears
        self._display = display
        self._setting = setting
        self._lines = lines or Lines()
        self._now = now
        self._inbox: queue.Queue[Block | News | None] = queue.Queue()
        self._stop = threading.Event()
        self.notices = Board()
        self.clock = 0.0
        """seconds of sound so far"""
        self._chunk: list[Block] = []
        self._recent: deque[tuple[Block, NDArray[np.bool_], NDArray[np.bool_]]] = deque()
        self._listener = Listener(infer_calls=setting.by_sound)
        self._call: LiveCall | None = None
        self._ending: list[LiveCall] = []
        self._ended: list[LiveCall] = []
        self._tried = 0.0
        self._failed: Exception | None = None
        self._last: LastCall | None = None
        self._idle = Screen(plan.flow)
        self._levels: dict[Speaker, float] = {}
        self._levels_at = self._voice_at = 0.0
        self._source_ended: float | None = None
        self._dirty = True

    # ------------------------------------------------------------------------------------ the loop

    def tell(self, news: News) -> None:
        """What a recogniser has to say; from any thread."""
        self._inbox.put(news)

    def stop(self) -> None:
        """End the loop; from any thread. A call that is on is cut off and goes on at the next start."""
        self._stop.set()

    def run(self) -> None:
        """Until the source ends. Calls that are on then, or when an exception comes, are cut off, as by ``stop``."""
        try:
            self._resume()
            capture = threading.Thread(target=self._capture, name="capture", daemon=True)
            capture.start()
            while not self._stop.is_set() and not self._is_over():
                self._take(self._waiting())
                self._listen_to_the_line()
                self._obey()
                self._go_on()
                self._show()
        finally:
            for call in filter(None, (self._call, *self._ending, *self._ended)):
                if call.record:
                    call.record.close()
        if self._failed:
            raise self._failed

    def _is_over(self) -> bool:
        """The source has ended, and so have the calls that were under way."""
        ended = self._source_ended
        return ended is not None and (not self._ending or time.monotonic() - ended > LAST_WORDS)

    def _capture(self) -> None:
        try:
            for block in self._source:
                self._inbox.put(block)
                while not self._setting.live and not self._stop.is_set() and self._behind():
                    time.sleep(0.002)
                if self._stop.is_set():
                    return
        except Exception as error:  # told by ``run``, in its own thread
            self._failed = error
        finally:
            self._inbox.put(None)

    def _behind(self) -> bool:
        return self._inbox.qsize() > 50 or self.ears.behind > 1.0 or not self.ears.ready

    def _waiting(self) -> list[Block | News | None]:
        try:
            items = [self._inbox.get(timeout=0.1)]
            while not self._inbox.empty():
                items.append(self._inbox.get_nowait())
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

    def _go_on(self) -> None:
        """Time goes on: deadlines fall due, calls that have ended are closed."""
        call = self._call
        if call:
            self._dirty |= call.tick(self.clock - call.began)
        self._write_late()
        for ended in list(self._ending):
            if self.ears.done_with(ended, self.clock):
                self._ending.remove(ended)
                self._last = ended.close() or self._last
                self._ended.append(ended)
                self._dirty = True

    def _write_late(self) -> None:
        """What a full disk did not take is tried again every few seconds, also of calls that are over."""
        if self.clock - self._tried < TRIED_EVERY:
            return
        self._tried = self.clock
        if self._call and self._call.record and self._call.record.trouble:
            self._call.record.flush()
        self._ended = [call for call in self._ended if call.record and call.record.trouble and not call.record.finish()]

    # ------------------------------------------------------------------------------------ sound

    def _hear(self, block: Block) -> None:
        self.clock = block.end
        listened = self._listener.feed(block)
        if listened.agent_voiced.any() or listened.customer_voiced.any():
            self._voice_at = block.end
        if self._call:
            self._call.hear(block)
            self.ears.hear(block, listened.agent_voiced, listened.customer_voiced)
        else:
            self._recent.append((block, listened.agent_voiced, listened.customer_voiced))
            while self._recent[0][0].at < block.end - PRE_ROLL - 1:
                self._recent.popleft()
            self._measure(block)
        for event in listened.events:
            self._from_sound(event)
        quiet = self.clock - self._voice_at > QUIET_END
        if self._call and self._setting.by_sound and quiet and self._call.status in (Status.RINGING, Status.TALKING):
            self._happened(CallHungUp(at=self._voice_at - self._call.began))

    def _from_sound(self, event: Event) -> None:
        if self._call is None and isinstance(event, (CallRinging, CallAnswered)):
            self._begin(max(0.0, event.at - PRE_ROLL))
        if self._call:
            self._happened(shifted(event, -self._call.began))

    def _measure(self, block: Block) -> None:
        if block.end - self._levels_at >= LEVELS_EVERY:
            self._levels_at, self._dirty = block.end, True
            for who, samples in (("agent", block.agent), ("customer", block.customer)):
                power = float(np.square(samples.astype(np.float32)).mean())
                level = 10 * np.log10(max(power, 1.0) / 32768**2)
                self._levels["agent" if who == "agent" else "customer"] = float(level)

    # ------------------------------------------------------------------------------------ calls

    def _begin(self, began: float, call_id: str = "") -> LiveCall:
        """A call begins at ``began``; what was heard since then belongs to it."""
        recent = [item for item in self._recent if item[0].at >= began]
        began = recent[0][0].at if recent else self.clock
        started = self._now() - timedelta(seconds=self.clock - began)
        context, _ = with_day(
            CallContext(
                at=0.0,
                telephony="sound" if self._setting.by_sound else "events",
                separate=self._source.separate,
                engine=self._setting.engine,
                date=started.isoformat(timespec="milliseconds"),
            )
        )
        call = LiveCall(self._plan, began, self._hider(), self._record(started))
        call.id = call_id
        if not self._setting.by_sound:
            self._listener = Listener(start=began)
        self._start(call)
        call.context = context
        call.feed(context)
        for block, agent, customer in recent:
            if not self._setting.by_sound:
                listened = self._listener.feed(block)
                agent, customer = listened.agent_voiced, listened.customer_voiced
            call.hear(block)
            self.ears.hear(block, agent, customer)
        self._recent.clear()
        return call

    def _start(self, call: LiveCall) -> None:
        self._call, self._voice_at, self._dirty = call, self.clock, True
        self._levels.clear()
        self.ears.begin(call, call.now)

    def _happened(self, event: Event) -> None:
        """Something happened in the call that is on; ``event.at`` is on its clock."""
        call = self._call
        if call is None or not call.can(event):
            return
        told = call.feed(event)
        self._dirty = True
        if event.type in LINE_EVENTS:
            self._lines.accepted(event, call.id)
        if isinstance(told, CallHungUp):
            for last in self._listener.finish():
                call.feed(shifted(last, -call.began))
            self.ears.end(call, self.clock)
            self._ending.append(call)
            self._call = None
            self._listener = Listener(infer_calls=self._setting.by_sound, start=self.clock)

    def _hider(self, marks: str = MARKS) -> Hider | None:
        marks = "".join(SystemRandom().sample(marks, len(marks)))
        return None if self._setting.keep_numbers else Hider(marks, self._plan.sounds)

    def _record(self, started: datetime) -> CallRecord | None:
        folder = self._setting.folder
        if folder is None:
            return None
        header = Header(self._plan.flow.name, self._plan.flow.hashes)
        return CallRecord(folder / f"{started:%Y-%m-%dT%H-%M-%S.%f}{SUFFIX}", header, self._setting.sound)

    def _resume(self) -> None:
        """Calls that were cut off: the last one goes on if it is recent, the others end where they stopped."""
        folder = self._setting.folder
        for record, journal in take_up(folder, self._setting.sound) if folder and folder.is_dir() else ():
            if flowfiles.of_calls(journal.header.files) != flowfiles.of_calls(self._plan.flow.hashes):
                record.close()  # it was judged by another flow, and waits until that one is run again
                continue
            call = LiveCall(self._plan, 0.0, self._hider(OTHER_MARKS), record)
            call.restore(journal.events)
            date = call.context.date
            began = datetime.fromisoformat(date) if date else self._now() - 2 * GOES_ON
            # The clock of the computer may have been set back meanwhile; that of the call never goes back.
            present = max(call.now, round((self._now() - began).total_seconds(), 3))
            if call.over or self._call or present - call.now > GOES_ON.total_seconds():
                call.cut_off()
                self._ended.append(call)
                continue
            call.began = self.clock - present
            call.feed(Gap(at=present, start=call.now, end=present))
            self._start(call)
            for event in journal.events:
                if event.type in LINE_EVENTS:
                    self._lines.accepted(event, call.id)

    # ------------------------------------------------------------------------------------ the telephone, the agent

    def _listen_to_the_line(self) -> None:
        for signal in self._lines.waiting():
            if isinstance(signal, Reported):
                self._reported(signal.event, signal.call, signal.monotonic)
            elif isinstance(signal, LineNotice):
                self.notices.put(f"line.{signal.about}", None if signal.over else signal.message)
                self._dirty = True
            elif isinstance(signal, Pressed):
                self._pressed(signal.name)

    def _reported(self, event: Event, call_id: str, monotonic: float) -> None:
        at = self._time_of(monotonic)
        if self._call and isinstance(event, CallAnswered) and self._is_another(call_id):
            # Nobody talks on two lines: that the first call is over was not reported, or its report was lost.
            self._happened(CallHungUp(at=max(0.0, at - self._call.began)))
        if self._call is None and isinstance(event, (CallRinging, CallAnswered)):
            self._begin(at, call_id)
        call = self._call
        if (call and call_id in ("", call.id)) or (call and not call.id):
            call.id = call.id or call_id
            if self._setting.by_sound and not call.reported:
                # The telephone, or the agent, tells more than the sound can: holds and transfers are seen from now on.
                call.reported = True
                call.feed(replace(call.context, at=max(0.0, at - call.began), telephony="events"))
            self._happened(replace(event, at=max(0.0, at - call.began)))

    def _is_another(self, call_id: str) -> bool:
        call = self._call
        return bool(call and call.id and call_id and call_id != call.id and call.status is Status.TALKING)

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
        if action.name == "notice":
            self.notices.dismiss(action.target)
            self._dirty = True
        elif action.name in ("tick", "dismiss", "edit", "situation"):
            if self._call:
                at = self.clock - self._call.began
                name = action.name
                self._happened(AgentAction(at=max(0.0, at), action=name, target=action.target, value=action.value))  # type: ignore[arg-type]
        else:
            self._lines.press(action.name)

    def _pressed(self, name: str) -> None:
        """A key that is meant for the main prompt."""
        main = self._call.screen.view(self._call.now)["main"] if self._call else None
        if main and name in ("tick", "dismiss"):
            self._act(Action(name, str(main["id"])))

    # ------------------------------------------------------------------------------------ the screen

    def _show(self) -> None:
        self._look_around()
        if not self._dirty:
            return
        self._dirty = False
        desk = Desk(
            listening=self._setting.listening,
            levels=self._levels,
            notices=self.notices.shown(),
            last=self._last,
            recording=self._setting.folder is not None and not self._trouble(),
        )
        call = self._call or (self._ending[-1] if self._ending else None)
        self._display.show(call.view(desk) if call else self._idle.view(0.0, desk))

    def _trouble(self) -> str:
        calls = (*([self._call] if self._call else []), *self._ending, *self._ended)
        return next((call.record.trouble for call in calls if call.record and call.record.trouble), "")

    def _look_around(self) -> None:
        """What is in trouble, or no longer."""
        changed = self.notices.follow_devices(getattr(self._source, "notices", None))
        changed |= self.notices.follow_ears(self.ears)
        changed |= self.notices.follow_journal(self._trouble())
        self._dirty |= changed


def _joined(blocks: list[Block]) -> Block:
    return Block(blocks[0].at, np.concatenate([b.agent for b in blocks]), np.concatenate([b.customer for b in blocks]))
