"""SIP telephones that call each other on 127.0.0.1: real signalling, real sound, each in a process of its own."""

import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from callflow.events import Event
from callflow.telephony.sip import SipAccount, Softphone
from callflow.telephony.source import Notice, Reported

PATIENCE = 30.0
"""Seconds after which a test gives up; nothing takes that long."""


class Party:
    """One telephone, and what it has reported so far."""

    def __init__(self, phone: Softphone) -> None:
        self.phone = phone
        self.reported: list[Reported] = []
        self.notices: list[Notice] = []
        self._far: list[NDArray[np.int16]] = []

    @property
    def address(self) -> str:
        return f"sip:{self.phone.account.user}@{self.phone.account.listen}"

    @property
    def events(self) -> list[Event]:
        self._look()
        return [reported.event for reported in self.reported]

    @property
    def kinds(self) -> list[str]:
        """The types of the events so far, without ``call.``; a ring with its number."""
        return [f"{e.type[5:]} {e.ring}" if hasattr(e, "ring") else e.type[5:] for e in self.events]

    def wait_for(self, kind: str) -> None:
        """Until the last event is ``kind``."""
        until(lambda: self.kinds[-1:] == [kind], lambda: f"{self.phone.account.user}: {self.kinds}, wanted {kind}")

    def say(self, samples: NDArray[np.int16]) -> None:
        """Speak, in real time: int16 at 16 kHz."""
        begin = time.monotonic()
        for at in range(0, len(samples), 320):
            self.phone.speak(samples[at : at + 320])
            time.sleep(max(0.0, begin + at / 16_000 - time.monotonic()))

    def heard(self) -> NDArray[np.int16]:
        """All that has come from the far end so far: int16 at 16 kHz."""
        self._far += [samples for _, samples in self.phone.pieces()]
        return np.concatenate(self._far) if self._far else np.zeros(0, np.int16)

    def forget(self) -> None:
        """Begin anew: what was reported so far does not count."""
        self._look()
        self.reported.clear()
        self.notices.clear()

    def _look(self) -> None:
        for signal in self.phone.waiting():
            if isinstance(signal, Reported):
                self.reported.append(signal)
            elif isinstance(signal, Notice):
                self.notices.append(signal)


def until(true: Callable[[], object], what: Callable[[], str]) -> None:
    """Wait until ``true()``; ``what()`` says what is the matter where it never is."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


@contextmanager
def parties(*names: str) -> Iterator[list[Party]]:
    """Telephones with these names, each reachable at its ``address``."""
    with ExitStack() as phones:
        yield [Party(phones.enter_context(Softphone(account(name)))) for name in names]


def account(name: str) -> SipAccount:
    """An account that takes calls on a free port of this computer and registers nowhere."""
    here = f"127.0.0.1:{free_port()}"
    return SipAccount(name, here, register=False, interface="127.0.0.1", listen=here, follow_transfers=True)


def free_port() -> int:
    """A port of 127.0.0.1 that is free for UDP and TCP: a SIP telephone wants both.

    Below the range from which the system takes ports for others, so that nobody takes it before we do.
    """
    while True:
        port = random.randrange(22_000, 32_000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
