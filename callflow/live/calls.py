"""Calls told apart: where one begins and ends, which one is on, what is still decoded or written of those before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import SystemRandom

from callflow import flowfiles
from callflow.call.hiding import MARKS, OTHER_MARKS, Hider
from callflow.call.plan import Plan
from callflow.call.screen.desk import LastCall
from callflow.events import CallAnswered, CallContext, CallHungUp, CallRinging, Event, Gap
from callflow.journal import Header
from callflow.live.call import LINE_EVENTS, LiveCall, shifted
from callflow.live.deaf import DeafSides
from callflow.live.ears import Ears
from callflow.live.hearing import PRE_ROLL, Hearing
from callflow.live.lines import Lines
from callflow.live.record import SUFFIX, CallRecord, take_up
from callflow.live.setting import Setting
from callflow.telephony.life import Status
from callflow.texts import Text
from callflow.workdays import with_day

QUIET_END = 120.0
"""Seconds without any voice after which a call told from the sound is over: nobody says so."""
GOES_ON = timedelta(minutes=10)
"""A call that was cut off goes on where its journal was written to no longer ago than this."""
TRIED_EVERY = 5.0
"""Seconds between attempts to write what could not be written."""


class Calls:
    """``current``: the call that is on. ``separate``: whether each speaker has a channel; ``now``: the time of day."""

    def __init__(
        self,
        plan: Plan,
        hearing: Hearing,
        ears: Ears,
        lines: Lines,
        setting: Setting,
        separate: bool,
        now: Callable[[], datetime],
    ) -> None:
        self.current: LiveCall | None = None
        self.last: LastCall | None = None
        self.deaf = DeafSides()
        self._plan, self._hearing, self._ears, self._lines = plan, hearing, ears, lines
        self._setting, self._separate, self._now = setting, separate, now
        self._ending: list[LiveCall] = []
        self._ended: list[LiveCall] = []
        self._tried = 0.0
        self._beside = ""  # the id of a call that was answered while the current one was on hold

    @property
    def shown(self) -> LiveCall | None:
        """The call to show: the one that is on, or the last one while its end is still decoded."""
        return self.current or (self._ending[-1] if self._ending else None)

    @property
    def ending(self) -> bool:
        """Whether calls that are over are still decoded."""
        return bool(self._ending)

    @property
    def trouble(self) -> Text | None:
        """Why a call is not being written, in the system's words; ``None`` where all are."""
        return next((call.record.trouble for call in self._all() if call.record and call.record.trouble), None)

    def use(self, plan: Plan) -> None:
        """Calls from now on follow ``plan``; those that are still decoded keep the one they began with."""
        self._plan = plan

    def close(self) -> None:
        """Calls that are on are cut off, and go on at the next start."""
        for call in self._all():
            if call.record:
                call.record.close()

    def _all(self) -> Sequence[LiveCall]:
        return (*([self.current] if self.current else []), *self._ending, *self._ended)

    # ------------------------------------------------------------------------------------ what happens

    def from_sound(self, event: Event) -> None:
        """Something that the sound tells, on the source's clock."""
        if self.current is None and isinstance(event, (CallRinging, CallAnswered)):
            self._begin(max(0.0, event.at - PRE_ROLL))
        if self.current:
            self.happened(shifted(event, -self.current.began))

    def end_if_quiet(self) -> None:
        """A call told from the sound is over when nobody has said anything for long."""
        call, hearing = self.current, self._hearing
        quiet = self._setting.by_sound and hearing.clock - hearing.voice_at > QUIET_END
        if call and quiet and not call.reported and call.status in (Status.RINGING, Status.TALKING):
            self.happened(CallHungUp(at=hearing.voice_at - call.began))

    def reported(self, event: Event, call_id: str, at: float) -> None:
        """The telephone, or the agent, tells of ``event`` at ``at`` of the source's clock."""
        if self.current and isinstance(event, CallAnswered) and self._is_over_by(call_id):
            self.happened(CallHungUp(at=max(0.0, at - self.current.began)))
        if self.current is None and isinstance(event, (CallRinging, CallAnswered)):
            self._begin(at, call_id)
        call = self.current
        if (call and call_id in ("", call.id)) or (call and not call.id):
            call.id = call.id or call_id
            if self._setting.by_sound and not call.reported:
                # The telephone, or the agent, tells more than the sound can: holds and transfers are seen from now on.
                call.reported = True
                call.feed(replace(call.context, at=max(0.0, at - call.began), telephony="events"))
            self.happened(replace(event, at=max(0.0, at - call.began)))

    def _is_over_by(self, answered: str) -> bool:
        """Whether the call that is on must be over, now that the call with the id ``answered`` is answered.

        Nobody talks on two lines: that the first is over was not reported, or its report was lost. While it is on hold
        or being transferred, somebody else may be spoken to, but not one after another.
        """
        call = self.current
        if call is None or not call.id or not answered or answered == call.id:
            return False
        if call.status in (Status.RINGING, Status.TALKING):
            return True
        beside, self._beside = self._beside, answered
        return beside not in ("", answered)

    def happened(self, event: Event) -> bool:
        """Something happened in the call that is on; ``event.at`` is on its clock. Returns whether it could."""
        call = self.current
        if call is None or not call.can(event):
            return False
        told = call.feed(event)
        if event.type in LINE_EVENTS:
            self._beside = ""
            self._lines.accepted(event, call.id)
        if isinstance(told, CallHungUp):
            self.deaf.end(call)
            for last in self._hearing.end():
                call.feed(shifted(last, -call.began))
            self._ears.end(call, self._hearing.clock)
            self._ending.append(call)
            self.current = None
        return True

    def go_on(self) -> bool:
        """Time goes on: deadlines fall due, calls that have ended are closed. Returns whether anything changed."""
        clock, call = self._hearing.clock, self.current
        changed = call.tick(clock - call.began) if call else False
        self._write_late(clock)
        for ended in list(self._ending):
            if self._ears.done_with(ended, clock):
                self._ending.remove(ended)
                self.last = ended.close() or self.last
                self._ended.append(ended)
                changed = True
        return changed

    def _write_late(self, clock: float) -> None:
        """What a full disk did not take is tried again every few seconds, also of calls that are over."""
        if clock - self._tried < TRIED_EVERY:
            return
        self._tried = clock
        if self.current and self.current.record and self.current.record.trouble:
            self.current.record.flush()
        self._ended = [call for call in self._ended if call.record and call.record.trouble and not call.record.finish()]

    # ------------------------------------------------------------------------------------ beginning

    def _begin(self, began: float, call_id: str = "") -> None:
        began, recent = self._hearing.begin(began)
        started = self._now() - timedelta(seconds=self._hearing.clock - began)
        call = self._call(began, MARKS, self._record(started))
        call.id = call_id
        self._start(call)
        call.context, _ = with_day(
            CallContext(
                at=0.0,
                telephony="sound" if self._setting.by_sound else "events",
                separate=self._separate,
                engine=self._setting.engine,
                date=started.isoformat(timespec="milliseconds"),
            )
        )
        call.feed(call.context)
        for piece in recent:
            call.hear(piece.block)
            self._ears.hear(piece.block, piece.agent_voiced, piece.customer_voiced)

    def _start(self, call: LiveCall) -> None:
        self.current = call
        self._ears.begin(call, call.now)

    def _call(self, began: float, marks: str, record: CallRecord | None) -> LiveCall:
        hider = Hider("".join(SystemRandom().sample(marks, len(marks))), self._plan.sounds)
        if self._setting.keep_numbers:
            return LiveCall(self._plan, began, None, record, others=hider)
        return LiveCall(self._plan, began, hider, record)

    def _record(self, started: datetime) -> CallRecord | None:
        folder = self._setting.folder
        if folder is None:
            return None
        header = Header(self._plan.flow.name, self._plan.flow.hashes)
        return CallRecord(folder / f"{started:%Y-%m-%dT%H-%M-%S.%f}{SUFFIX}", header, self._setting.sound)

    def resume(self) -> bool:
        """Calls that were cut off: the last one goes on if it is recent, the others end where they stopped.

        Returns whether one ended that might have gone on, had the flow not been changed since.
        """
        changed = False
        folder = self._setting.folder
        cut_off = list(take_up(folder, self._setting.sound)) if folder and folder.is_dir() else []
        for record, journal in reversed(cut_off):
            if flowfiles.of_calls(journal.header.files) != flowfiles.of_calls(self._plan.flow.hashes):
                if journal.header.flow == self._plan.flow.name:  # the files it was judged by are gone
                    at = max((event.at for event in journal.events), default=0.0)
                    record.write(Gap(at=at, start=at, end=at))
                    record.finish()
                    changed = True
                record.close()  # one of another flow waits until that is run again
                continue
            call = self._call(0.0, OTHER_MARKS, record)
            call.restore(journal.events)
            began = _time_of_day(call.context.date) or self._now() - 2 * GOES_ON
            # The clock of the computer may have been set back meanwhile; that of the call never goes back.
            present = max(call.now, round((self._now() - began).total_seconds(), 3))
            if call.over or self.current or present - call.now > GOES_ON.total_seconds():
                call.cut_off()
                self._ended.append(call)
                continue
            call.began = self._hearing.clock - present
            call.feed(Gap(at=present, start=call.now, end=present))
            self._start(call)
            for event in journal.events:
                if event.type in LINE_EVENTS:
                    self._lines.accepted(event, call.id)
        return changed


def _time_of_day(date: str) -> datetime | None:
    """When a call began, by this computer's clock; ``None`` where its journal does not say so in a way we can read."""
    try:
        told = datetime.fromisoformat(date)
    except ValueError:
        return None
    return told.astimezone().replace(tzinfo=None) if told.tzinfo else told
