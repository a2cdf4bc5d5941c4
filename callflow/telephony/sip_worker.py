"""The process of the softphone: baresip on one side, a pipe to ``sip.Softphone`` on the other.

Over the pipe come commands (tuples) and the agent's voice (bytes); back go ``Reported``, ``Notice`` and the far end's
voice (bytes). Sound on the pipe is int16 at 16 kHz.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baresip import (
    Account,
    BaresipError,
    Call,
    CallState,
    Config,
    RegistrationError,
    Runtime,
    StackEvent,
    UserAgent,
)
from baresip import Event as Stack

from callflow.events import (
    CallAnswered,
    CallHeld,
    CallHungUp,
    CallResumed,
    Event,
    Speaker,
    TransferAnswered,
    TransferCompleted,
    TransferFailed,
    TransferStarted,
)
from callflow.telephony import sip_words
from callflow.telephony.life import Rings
from callflow.telephony.sip_voice import Voice
from callflow.telephony.source import Notice, Reported
from callflow.texts import Text, text

if TYPE_CHECKING:
    from callflow.telephony.sip import SipAccount

_TICK = 0.02
_CODECS = ("g722/16000/1", "pcma", "pcmu")
"""What is offered: 16 kHz where the other side can, the two codecs every telephone has otherwise."""
_ALSA_PLUGINS = ("/usr/lib/x86_64-linux-gnu/alsa-lib", "/usr/lib/aarch64-linux-gnu/alsa-lib", "/usr/lib/alsa-lib")
_REFUSED = (401, 403, 404, 407)
"""Answers of a registrar that asking again will not change."""
_REGISTER = 5.0
"""Seconds a registrar gets to answer at the start."""
_BUSY_TRIES, _BUSY_PAUSE = 10, 0.2
"""How often and how long apart a hold is tried while another change of the call is under way."""


def run(pipe: Connection, account: SipAccount) -> None:
    """The body of the process: ends when told to, or when the other end of the pipe is gone."""
    _find_alsa_plugins()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    logging.disable(logging.CRITICAL)  # baresip's log is for its developers; what matters goes over the pipe
    with contextlib.suppress(OSError):
        asyncio.run(_Worker(pipe, account).live())


class _Worker:
    def __init__(self, pipe: Connection, account: SipAccount) -> None:
        self.pipe, self.account = pipe, account
        self.call: Call | None = None
        self.other: Call | None = None  # the consultation
        self.next: Call | None = None  # the one that takes the place of ``call``, as the other side told us
        self.name = ""  # by which the call is reported, whoever is on the line
        self.answered = False
        self.replaced = False  # the call has ended, and the one that takes its place is about to come in
        self.rings = Rings()
        self.hanging_up = False
        self.transferring = False  # since a consultation was begun
        self.handing_over = False  # since the two were told to go on without us
        self.tasks: set[asyncio.Task[None]] = set()
        self.done = asyncio.Event()
        self.commands: asyncio.Queue[Any] = asyncio.Queue()
        self.voice = Voice()
        self.unregistered: Text | None = None

    # ------------------------------------------------------------------------------------------------ life

    async def live(self) -> None:
        runtime = Runtime(native_log_level="error")
        policy = "auto" if self.account.follow_transfers else "reject"
        try:
            await runtime.start(self._config())
            self.ua = await UserAgent.create(runtime, self._identity(), transfer_policy=policy)
        except (BaresipError, ValueError, OSError) as error:
            self.pipe.send(sip_words.not_started(self.account, str(error)))
            return
        runtime.on_dead = self.done.set
        self.ua.on_incoming(self._incoming)
        self.ua.on_transfer_call(self._follow)
        try:
            refusal = await self._register()
            self.pipe.send(refusal or "ready")
            if refusal:
                return
            if self.unregistered:
                self.notice("sip", self.unregistered)
            runtime.subscribe(self._stack)
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._listen, args=(loop,), daemon=True).start()
            tasks = [asyncio.create_task(self._obey()), asyncio.create_task(self._tick())]
            await self.done.wait()
            for task in tasks:
                task.cancel()
            await self._quietly(self._leave())
        finally:
            with contextlib.suppress(BaresipError):
                await runtime.close()

    def _config(self) -> Config:
        return Config(
            net_interface=self.account.interface,
            audio_source="aumem",
            audio_player=self.account.player,
            native_log_level="error",
            extra_config_text=f"sip_listen {self.account.listen}\n" if self.account.listen else "",
        )

    def _identity(self) -> Account:
        return Account(
            self.account.user,
            self.account.domain,
            self.account.password,
            registrar=self.account.registrar,
            reg_interval=600 if self.account.register else 0,
            transport=self.account.transport,  # type: ignore[arg-type]  # baresip checks it
            audio_codecs=_CODECS,
            auth_user=self.account.auth_user,
        )

    async def _register(self) -> Text | None:
        """Register where there is a registrar; what the registrar says where it never will let us."""
        if not self.account.register:
            return None
        try:
            await self.ua.register(timeout=_REGISTER)
        except RegistrationError as error:
            if error.status in _REFUSED:
                return sip_words.refused(self.account, f"{error.status} {error.reason}")
            self.unregistered = sip_words.unregistered(self.account, str(error))  # it is tried again by itself
        return None

    async def _leave(self) -> None:
        for call in (self.other, self.call):
            if call is not None and call.state is not CallState.CLOSED:
                await self._quietly(call.hangup())
        if self.account.register:
            await self._quietly(self.ua.unregister(timeout=2))

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread of its own: everything that comes over the pipe."""
        while True:
            try:
                message = self.pipe.recv()
            except (EOFError, OSError):
                message = ("close",)
            with contextlib.suppress(RuntimeError):  # the loop is closed
                if isinstance(message, bytes):
                    loop.call_soon_threadsafe(self.voice.say, message)
                else:
                    loop.call_soon_threadsafe(self.commands.put_nowait, message)
            if message == ("close",):
                return

    async def _tick(self) -> None:
        """Every 20 ms: the sound both ways, and the rings that are due; every second a sign of life."""
        for ticks in itertools.count():
            await asyncio.sleep(_TICK)
            if ticks % 50 == 0:
                self.pipe.send("alive")
            for ring in self.rings.due(time.monotonic()):
                self.pipe.send(ring)
            call = self.other if self.other is not None and self.transferring else self.call
            if call is not None and (heard := self.voice.exchange(call)):
                self.pipe.send(heard)

    # ------------------------------------------------------------------------------------------------ what happens

    def report(self, event: Event) -> None:
        self.pipe.send(Reported(event, self.name, time.monotonic()))

    def notice(self, about: str, message: Text, *, over: bool = False) -> None:
        self.pipe.send(Notice(about, message, time.monotonic(), over))

    def _incoming(self, call: Call) -> None:
        if self.replaced:  # whoever spoke to us has put somebody else through: the conversation goes on
            self.call, self.replaced = call, False
            self._begin(self._quietly(call.answer()))
        elif self.call is not None:  # one caller at a time
            self._begin(self._quietly(call.reject()))
        else:
            self._new(call)
            for ring in self.rings.begin(self.name, time.monotonic()):
                self.pipe.send(ring)

    def _new(self, call: Call) -> None:
        self.call, self.name = call, call.call_id or f"sip-{call.handle}"
        self.answered = self.hanging_up = False

    def _follow(self, call: Call) -> None:
        """The other side has had us call somebody else, who takes its place once the call with it has ended."""
        self.next = call

    def _stack(self, event: StackEvent) -> None:
        if event.event is Stack.REGISTER_FAIL:
            self.notice("sip", sip_words.unregistered(self.account, event.text or ""))
        elif event.event is Stack.REGISTER_OK:
            self.notice("sip", text("Registered with the exchange", "已在总机注册"), over=True)
        elif event.event is Stack.AUDIO_ERROR:
            self.notice("sip-sound", sip_words.no_sound(event.text or ""))
        elif self.call is not None and event.call == self.call.handle:
            self._about_call(event)
        elif self.other is not None and event.call == self.other.handle:
            self._about_other(event)
        elif self.next is not None and event.call == self.next.handle and event.event is Stack.CALL_CLOSED:
            self.next = None

    def _about_call(self, event: StackEvent) -> None:
        if event.event is Stack.CALL_ESTABLISHED and not self.answered:
            self.answered = True
            self.rings.stop(self.name)
            self.report(CallAnswered(at=0.0))
        elif event.event is Stack.CALL_HOLD:
            self.notice("held-by-them", text("The other side has put the call on hold", "对方已将通话置于保持"))
        elif event.event is Stack.CALL_RESUME:
            self.notice("held-by-them", text("The other side is back", "对方已恢复通话"), over=True)
        elif event.event is Stack.CALL_CLOSED:
            self._ended(event.text or "")

    def _ended(self, why: str) -> None:
        self.call, self.next = self.next, None
        self.replaced = why.endswith(" replaced")
        if self.call is not None or self.replaced:
            return
        self.rings.stop(self.name)
        if why == "Call transfered":  # so spelt by the library
            if self.other is None:
                self.report(TransferAnswered(at=0.0))
            self.report(TransferCompleted(at=0.0))
            self.report(CallHungUp(at=0.0))
        else:
            self.report(CallHungUp(at=0.0, by=self._who(why)))
        self.transferring = self.handing_over = False
        if self.other is not None:  # who was consulted is left alone with us
            other, self.other = self.other, None
            self._begin(self._quietly(other.hangup()))

    def _who(self, why: str) -> Speaker | None:
        """Who hung up: we, or they, or nobody where the connection broke."""
        if self.hanging_up:
            return "agent"
        return None if "timed out" in why or "stream error" in why else "customer"

    def _about_other(self, event: StackEvent) -> None:
        if self.call is None:
            return
        if event.event is Stack.CALL_ESTABLISHED:
            self.report(TransferAnswered(at=0.0))
        elif event.event is Stack.CALL_CLOSED and self.transferring and not self.handing_over:
            self.other = None
            self._begin(self._back(event.text or ""))

    # ------------------------------------------------------------------------------------------------ what is asked

    async def _obey(self) -> None:
        """One command after the other: a call cannot be changed in two ways at once."""
        while True:
            name, *values = await self.commands.get()
            if name == "close":
                self.done.set()
                return
            try:
                await getattr(self, f"_do_{name}")(*values)
            except (BaresipError, ValueError) as error:
                self.notice("sip-command", sip_words.failed(name, str(error)))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)  # a task that nobody holds may be collected before it is done
        task.add_done_callback(self.tasks.discard)

    async def _quietly(self, step: Awaitable[Any]) -> None:
        with contextlib.suppress(BaresipError):
            await step

    async def _do_dial(self, to: str) -> None:
        if self.call is None:
            self._new(await self.ua.dial(self._address(to)))

    async def _do_answer(self) -> None:
        if self.call is not None:
            await self.call.answer()

    async def _do_hold(self) -> None:
        if self.call is not None and not self.call.is_on_hold:
            await _persist(self.call.hold)
            self.report(CallHeld(at=0.0))

    async def _do_resume(self) -> None:
        if self.call is not None and self.call.is_on_hold and not self.transferring:
            await _persist(self.call.resume)
            self.report(CallResumed(at=0.0))

    async def _do_hang_up(self) -> None:
        if self.call is not None:
            self.hanging_up = True
            await self.call.hangup()

    async def _do_transfer(self, to: str) -> None:
        call = self.call
        if call is None or self.transferring:
            return
        self.report(TransferStarted(at=0.0, to=to))
        self._begin(self._outcome(call, call.transfer(self._address(to))))

    async def _outcome(self, call: Call, transfer: Awaitable[None]) -> None:
        """Whether a transfer comes off is known when the other end has answered, up to a minute later."""
        try:
            await transfer
        except (BaresipError, ValueError) as error:
            if call is not self.call:
                return  # the call has ended meanwhile, and that has been said
            if self.other is not None:
                self.handing_over = False
                await self._do_take_back(_reason(error))
            else:
                self.report(TransferFailed(at=0.0, reason=_reason(error)))

    async def _do_consult(self, to: str) -> None:
        if self.call is None or self.transferring:
            return
        self.transferring = True
        self.report(TransferStarted(at=0.0, to=to))
        try:
            await _persist(self.call.hold)
            self.other = await self.ua.dial(self._address(to))
        except BaresipError as error:
            await self._back(str(error))

    async def _do_hand_over(self) -> None:
        if self.call is not None and self.other is not None and not self.handing_over:
            self.handing_over = True
            self._begin(self._outcome(self.call, self.call.attended_transfer(self.other)))

    async def _do_take_back(self, why: str = "taken back") -> None:
        if self.call is not None and self.transferring:
            other, self.other = self.other, None
            if other is not None:
                await self._quietly(other.hangup())
            await self._back(why)

    async def _back(self, why: str) -> None:
        """The transfer has come to nothing: the caller is on the line again."""
        if self.call is not None and self.transferring:
            self.transferring = False
            await self._quietly(_persist(self.call.resume))
            self.report(TransferFailed(at=0.0, reason=why))

    def _address(self, to: str) -> str:
        if to.startswith(("sip:", "sips:")):
            return to
        return f"sip:{to}" if "@" in to else f"sip:{to}@{self.account.domain}"


def _find_alsa_plugins() -> None:
    """baresip brings an ALSA of its own, which looks for plugins (PulseAudio, PipeWire) where its builder had them."""
    found = next((path for path in map(Path, _ALSA_PLUGINS) if path.is_dir()), None)
    if found:
        os.environ.setdefault("ALSA_PLUGIN_DIR", str(found))


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or error)


async def _persist(step: Callable[[], Awaitable[None]]) -> None:
    """Do ``step``, again where another change of the call is still under way."""
    for _ in range(_BUSY_TRIES):
        try:
            return await step()
        except BaresipError:
            await asyncio.sleep(_BUSY_PAUSE)
    await step()
