"""The live wall: calls in progress on the machines of agents, and what supervisors whisper to them.

All of it lives in the server's event loop and in memory only: what is over is in the archive, what was whispered is in
the audit log. A machine that loses its connection keeps its place for a while, and its whispers are sent once more.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from fastapi.responses import Response

from callflow.archive.machines import Machine
from callflow.archive.masking import masked
from callflow.archive.viewers import Viewer
from callflow.errors import CallflowError
from callflow.review.desk.glance import NotOurs, Seen, View, read
from callflow.texts import Text, printable, text

MOST_MACHINES = 1_000
MOST_ASKING = 50
"""Machines whose tokens are being looked up at a time."""
MOST_UNREAD = 3
"""Whispers that an agent has not read: more would be no help in a call."""
KEPT, GONE_AFTER = 5, 60.0
"""Whispers that a card shows; seconds for which a machine that is lost keeps its place."""
BURST, PER_SECOND = 10.0, 2.0
"""Messages a machine may send at once, and in the long run: ours sends one a second."""
WHISPERS_BURST, WHISPERS_PER_SECOND = 10.0, 0.2
LONGEST_WHISPER = 200
CHECKED_EVERY = 5.0
"""Seconds after which it is asked again whether a token is still good, and what the archive did not take is tried."""
EVERY, BEAT = 1.0, 0.9
"""Seconds between two messages to a page at least, and how much longer at most: so a server that ends need not wait."""
SLOW = 10.0
"""Seconds that a page may take to say that it got a message."""
LONGEST_WATCH = 600.0
"""Seconds after which a page must connect again, and say again who looks."""
REFUSE, FAILED, REPLACED = 1008, 1011, 4001
"""WebSocket close codes: policy violation, something went wrong; and one of our own: another has come in its place."""

Known = Callable[[str], Awaitable[Machine | None]]
"""Whose machine a token is. Raises ``CallflowError`` where the archive cannot be asked."""
Noted = Callable[[Machine, "Whisper"], Awaitable[None]]
"""An agent has read a whisper. Raises ``CallflowError`` where the archive cannot be told."""
Looking = Callable[[], Viewer | None]
"""Who looks at a page, and what they may see of it now; ``None``: no longer anything."""


class Unheard(CallflowError):
    """A whisper that does not reach anybody; ``status`` is HTTP's."""

    def __init__(self, message: Text, status: int) -> None:
        super().__init__(message)
        self.status = status


class Credit:
    """Lets ``burst`` things happen at once and ``per_second`` in the long run."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._left, self._checked = burst, time.monotonic()

    def spend(self) -> bool:
        """Whether one more is within the rate."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._checked) * self._per_second)
        self._checked = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(slots=True)
class Whisper:
    """What ``who`` wants an agent to read.

    ``state``: ``waiting``, ``sent``, ``seen`` by the agent, ``read`` once the archive has noted that.
    """

    who: str
    text: str
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: str = "waiting"

    def data(self, viewer: Viewer) -> dict[str, Any]:
        """As JSON; that it is seen is told when it is sure to be kept."""
        state = "sent" if self.state == "seen" else self.state
        return {"id": self.id, "from": self.who, "text": _shown(self.text, viewer), "state": state}


class Place:
    """An agent's machine on the wall. ``line`` is its connection, ``None`` while there is none."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.view = View()
        self.told = time.monotonic()
        self.line: WebSocket | None = None
        self.lost = 0.0
        self.whispers: list[Whisper] = []
        self.news = asyncio.Event()

    def card(self, viewer: Viewer) -> dict[str, Any]:
        """As JSON for the page. ``age``: seconds since the machine told of it."""
        who = self.machine
        return {
            "id": who.user,
            "agent": who.agent,
            "name": _shown(who.agent_name, viewer) or who.agent,
            "team": _shown(who.team, viewer),
            "online": self.line is not None,
            "age": round(time.monotonic() - self.told, 1),
            **self.view.data(),
            "whispers": [whisper.data(viewer) for whisper in self.whispers[-KEPT:]],
        }


class Wall:
    """All machines, and all pages that watch them. ``known`` and ``noted`` ask and tell the archive."""

    def __init__(self, known: Known, noted: Noted) -> None:
        self._known, self._noted = known, noted
        self._places: dict[int, Place] = {}
        self._pages: set[asyncio.Event] = set()
        self._credits: dict[int, Credit] = {}
        self._asking = 0

    # ------------------------------------------------------------------------------------ machines

    async def machine(self, socket: WebSocket, token: str) -> None:
        """Talk to an agent's machine until it goes, or sends what ours would never send.

        One whose token is not good is answered 401; where there is no room or no archive, 503. So are those beyond
        ``MOST_ASKING`` whose tokens are being looked up: anybody can ask, and each asks the archive.
        """
        if self._asking >= MOST_ASKING:
            await socket.send_denial_response(Response(status_code=503))
            return
        self._asking += 1
        try:
            who = await self._known(token)
        except CallflowError:
            await socket.send_denial_response(Response(status_code=503))
            return
        finally:
            self._asking -= 1
        if who is None or (who.user not in self._places and len(self._places) >= MOST_MACHINES):
            await socket.send_denial_response(Response(status_code=401 if who is None else 503))
            return
        await socket.accept()
        place = self._places.setdefault(who.user, Place(who))
        before, place.line, place.machine = place.line, socket, who
        if before is not None:  # the same token on another machine, or a connection that is dead without knowing it
            with suppress(Exception):
                await before.close(REPLACED, "another machine has come with this token")
        for whisper in place.whispers:
            whisper.state = "waiting" if whisper.state == "sent" else whisper.state
        self._changed()
        sending = asyncio.create_task(self._send(place, socket, token))
        try:
            await self._receive(place, socket)
        except asyncio.CancelledError:
            pass  # the server ends
        finally:
            if place.line is socket:
                place.line, place.lost = None, time.monotonic()
                asyncio.get_running_loop().call_later(GONE_AFTER + 1, self._forget)
            self._changed()
            place.news.set()  # so that it ends, once it has told the archive what it was told
            await sending

    async def _receive(self, place: Place, socket: WebSocket) -> None:
        credit = Credit(BURST, PER_SECOND)
        while place.line is socket:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                told = read(message.get("text") or "")
                if not credit.spend():
                    raise NotOurs("too many messages")
            except NotOurs as wrong:
                await socket.close(REFUSE, str(wrong))
                return
            if isinstance(told, Seen):
                _seen(place, told.id)
            else:
                place.view, place.told = told, time.monotonic()
            self._changed()

    async def _send(self, place: Place, socket: WebSocket, token: str) -> None:
        """Whispers, as they come; receipts into the archive; and now and then whether the token is still good.

        However it ends, the connection ends with it: nobody must be seen whose token is no longer asked for.
        """
        checked = time.monotonic()
        try:
            while place.line is socket:
                place.news.clear()
                await self._whisper_to(place, socket)
                await self._note(place)
                if time.monotonic() - checked >= CHECKED_EVERY:
                    with suppress(CallflowError):  # an archive that stumbles is asked again
                        if (who := await self._known(token)) is None:
                            await socket.close(REFUSE, "the token is no longer good")
                            break
                        checked, place.machine = time.monotonic(), who  # the agent may have gone to another team
                with suppress(TimeoutError):
                    await asyncio.wait_for(place.news.wait(), CHECKED_EVERY)
            if place.line is None:  # else the one that has come in its place does
                await self._note(place)
        except (WebSocketDisconnect, RuntimeError):
            pass  # gone
        finally:
            with suppress(Exception):  # it is closed already, mostly
                await socket.close(FAILED)

    async def _whisper_to(self, place: Place, socket: WebSocket) -> None:
        for whisper in place.whispers:
            if whisper.state == "waiting":
                whisper.state = "sent"  # before it is: it may be read before we are on again
                await socket.send_json({"whisper": {"id": whisper.id, "from": whisper.who, "text": whisper.text}})
                self._changed()

    async def _note(self, place: Place) -> None:
        """Tell the archive what the agent has read; what it does not take stays to be told."""
        with suppress(CallflowError):
            for whisper in place.whispers:
                if whisper.state == "seen":
                    await self._noted(place.machine, whisper)
                    whisper.state = "read"
                    self._changed()

    # ------------------------------------------------------------------------------------ whispers

    def whisper(self, number: int, viewer: Viewer, user: int, name: str, words: str) -> tuple[Machine, Whisper]:
        """Whisper to an agent. Raises ``Unheard``: not there (or not for this viewer: alike), too many."""
        place = self._places.get(number)
        if place is None or not _may_see(place.machine, viewer) or place.line is None:
            raise Unheard(text("this agent is not connected", "该坐席未连接"), 404)
        said = printable(words).strip()
        if not said or len(said) > LONGEST_WHISPER:
            raise Unheard(text("write up to {n} characters", "请写 1 至 {n} 个字符", n=LONGEST_WHISPER), 422)
        if sum(whisper.state != "read" for whisper in place.whispers) >= MOST_UNREAD:
            raise Unheard(text("not read yet: what you whispered before", "之前的悄悄话还没有读"), 429)
        if len(self._credits) > 10_000:
            self._credits.clear()
        if not self._credits.setdefault(user, Credit(WHISPERS_BURST, WHISPERS_PER_SECOND)).spend():
            raise Unheard(text("too many whispers: wait a little", "发送过于频繁，请稍候"), 429)
        whisper = Whisper(name, said)
        unread = [each for each in place.whispers if each.state != "read"]
        place.whispers = [*[each for each in place.whispers if each.state == "read"][-KEPT:], *unread, whisper]
        place.news.set()
        self._changed()
        return place.machine, whisper

    # ------------------------------------------------------------------------------------ pages

    async def watch(self, socket: WebSocket, looking: Looking) -> None:
        """Show the machines to a page, as often as it says that it has got what was sent."""
        await socket.accept()
        news = asyncio.Event()
        news.set()
        self._pages.add(news)
        until = time.monotonic() + LONGEST_WATCH
        try:
            while time.monotonic() < until:
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), BEAT)
                news.clear()
                if (viewer := looking()) is None:
                    await socket.close(REFUSE)
                    return
                await socket.send_json({"cards": self.cards(viewer)})
                await asyncio.wait_for(socket.receive_text(), SLOW)
                await asyncio.sleep(EVERY)
            await socket.close(1000)
        except (WebSocketDisconnect, TimeoutError, RuntimeError, KeyError):
            pass  # gone, or not our page
        except asyncio.CancelledError:
            pass  # the server ends
        finally:
            self._pages.discard(news)

    def cards(self, viewer: Viewer) -> list[dict[str, Any]]:
        """What ``viewer`` may see, by team and agent."""
        seen: Iterable[Place] = (place for place in self._places.values() if _may_see(place.machine, viewer))
        return [place.card(viewer) for place in sorted(seen, key=lambda each: (each.machine.team, each.machine.agent))]

    def _changed(self) -> None:
        for news in self._pages:
            news.set()

    def _forget(self) -> None:
        """Whoever has been away for long, with all that was said last: whether anybody watches or not."""
        late = time.monotonic() - GONE_AFTER
        self._places = {n: place for n, place in self._places.items() if place.line or place.lost > late}
        self._changed()


def _seen(place: Place, number: str) -> None:
    """The agent has read a whisper."""
    for whisper in place.whispers:
        if whisper.id == number and whisper.state in ("waiting", "sent"):
            whisper.state = "seen"
            place.news.set()


def _may_see(machine: Machine, viewer: Viewer) -> bool:
    """Supervisors their team's agents, admins all."""
    if viewer.role == "supervisor":
        return viewer.team_id is not None and viewer.team_id == machine.team_id
    return viewer.role == "admin"


def _shown(words: str, viewer: Viewer) -> str:
    """What people wrote, as ``viewer`` may see it."""
    return words if viewer.reveal else masked(words)
