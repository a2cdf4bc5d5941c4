"""Call events from Asterisk over its Manager Interface (AMI): lines of text over TCP, or TLS.

The pure half, ``Messages`` and ``facts_of``, reads the protocol; ``Manager`` connects.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator

from callflow.errors import TelephonyError
from callflow.telephony.asterisk import Fact
from callflow.telephony.link import Link
from callflow.texts import text

Message = dict[str, str]

_LONGEST = 1_000_000
"""Bytes of one message; Asterisk's are a few hundred."""
_QUIET = 15.0
"""Seconds without a word after which the other side is asked whether it is there."""
_DEAD = 30.0
"""Seconds without a word after which the connection counts as lost."""
_CONNECT = 10.0


class Messages:
    """Cuts the stream into messages: lines ``Key: value`` up to an empty line. Bytes in, in portions of any size."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """The messages that ``data`` completes; raises ``ConnectionError`` where there is no end to one."""
        *whole, self._rest = (self._rest + data).split(b"\r\n\r\n")
        if len(self._rest) > _LONGEST:
            raise ConnectionError("a message without end")
        return [_message(part.decode("utf-8", "replace")) for part in whole]


def _message(block: str) -> Message:
    pairs = (line.partition(":") for line in block.split("\r\n") if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def facts_of(message: Message) -> Iterator[Fact]:
    """What one event of AMI says about channels; nothing for the many that say nothing."""
    id, linked = message.get("Uniqueid", ""), message.get("Linkedid", "")
    match message.get("Event"):
        case "Newchannel" | "Newstate" | "CoreShowChannel":
            name, state = message.get("Channel", ""), message.get("ChannelStateDesc", "")
            yield Fact("channel", id, name, state, to=message.get("Exten", ""))
            if linked not in ("", id):
                yield Fact("joined", id, other=linked)
        case "DialBegin":
            yield Fact("joined", id, other=message.get("DestUniqueid", ""))
        case "BridgeEnter":
            yield Fact("joined", id, other=linked)
        case "Hold":
            yield Fact("hold", id)
        case "Unhold":
            yield Fact("unhold", id)
        case "HangupRequest":
            yield Fact("asked", id)
        case "Hangup":
            yield Fact("gone", id, why=message.get("Cause-txt", ""))
        case "BlindTransfer":
            to = message.get("Extension", "")
            yield Fact("blind", message.get("TransfererUniqueid", ""), to=to, why=_why(message))
        case "AttendedTransfer":
            first, second = message.get("OrigTransfererUniqueid", ""), message.get("SecondTransfererUniqueid", "")
            to = message.get("TransferTargetCallerIDNum", "")
            yield Fact("attended", first, other=second, to=to, why=_why(message))


def _why(message: Message) -> str:
    """Why a transfer failed; empty where it did not."""
    result = message.get("Result", "")
    return "" if result == "Success" else result or "failed"


class Manager(Link):
    """A ``CallEvents`` source that follows ``endpoint`` through AMI; ``secret`` never leaves this computer in clear."""

    def __init__(
        self, endpoint: str, user: str, secret: str, host: str = "127.0.0.1", port: int = 5038, tls: bool = False
    ) -> None:
        super().__init__("Asterisk AMI", f"{host}:{port}", endpoint)
        if any(sign in user for sign in "\r\n"):
            raise TelephonyError(text("the user name of AMI has a line break", "AMI 用户名中有换行"))
        self._user, self._secret, self._address, self._tls = user, secret, (host, port), tls

    def connect(self) -> _Session:
        line = socket.create_connection(self._address, _CONNECT)
        try:
            if self._tls:
                line = ssl.create_default_context().wrap_socket(line, server_hostname=self._address[0])
            session = _Session(line)
            self._log_in(session)
            return session
        except BaseException:
            line.close()
            raise

    def _log_in(self, session: _Session) -> None:
        banner = session.banner()
        if not banner.startswith("Asterisk Call Manager"):
            raise TelephonyError(
                text(
                    "at {w} there is no Asterisk Manager: check the port (5038, or what manager.conf says)",
                    "{w} 不是 Asterisk 管理接口，请检查端口（5038，或 manager.conf 中的设置）",
                    w=self.where,
                )
            )
        challenge = session.ask({"Action": "Challenge", "AuthType": "MD5"}).get("Challenge", "")
        key = hashlib.md5((challenge + self._secret).encode(), usedforsecurity=False).hexdigest()
        answer = session.ask({"Action": "Login", "AuthType": "MD5", "Username": self._user, "Key": key})
        if answer.get("Response") != "Success":
            raise TelephonyError(
                text(
                    "Asterisk at {w} refuses {u}: {m}",
                    "{w} 的 Asterisk 拒绝了 {u}：{m}",
                    w=self.where,
                    u=self._user,
                    m=answer.get("Message", ""),
                ),
                text("check user and secret in manager.conf", "请核对 manager.conf 中的用户和密码"),
            )
        session.send({"Action": "CoreShowChannels"})


class _Session:
    """An open connection: a ``link.Connection``."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._messages = Messages()
        self._early: list[Message] = []
        self._alive: set[str] | None = set()  # the channels that are listed at the beginning, while they are
        self._heard = self._asked = time.monotonic()

    def banner(self) -> str:
        """The first line, which is no message."""
        got = b""
        while not got.endswith(b"\n") and len(got) < 200:
            piece = self._line.recv(1)
            if not piece:
                break
            got += piece
        return got.decode("ascii", "replace")

    def send(self, message: Message) -> None:
        self._line.sendall("".join(f"{key}: {value}\r\n" for key, value in message.items()).encode() + b"\r\n")

    def ask(self, message: Message) -> Message:
        """Send ``message`` and wait for its response; events that come before it are kept."""
        self.send(message)
        end = time.monotonic() + _CONNECT
        while time.monotonic() < end:
            for answer in self._read(1.0):
                self._early.append(answer)
            for answer in self._early:
                if "Response" in answer:
                    self._early.remove(answer)
                    return answer
        raise ConnectionError("no answer to the login")

    def receive(self, timeout: float) -> list[Fact]:
        early, self._early = self._early, []
        messages = early or self._read(timeout)
        now = time.monotonic()
        if messages:
            self._heard = now
        elif now - self._heard > _DEAD:
            raise ConnectionError("no answer any more")
        elif now - max(self._heard, self._asked) > _QUIET:
            self._asked = now
            self.send({"Action": "Ping"})
        return [fact for message in messages for fact in (*self._listed(message), *facts_of(message))]

    def _listed(self, message: Message) -> Iterator[Fact]:
        """The list of channels that was asked for at the beginning: what is not in it has ended meanwhile."""
        if self._alive is None:
            return
        if message.get("Event") in ("CoreShowChannel", "Newchannel"):
            self._alive.add(message.get("Uniqueid", ""))
        elif message.get("Event") == "CoreShowChannelsComplete":
            yield Fact("alive", ids=frozenset(self._alive))
            self._alive = None

    def _read(self, timeout: float) -> list[Message]:
        self._line.settimeout(max(timeout, 0.01))
        try:
            data = self._line.recv(65_536)
        except TimeoutError:
            return []
        if not data:
            raise ConnectionError("closed by Asterisk")
        return self._messages.feed(data)

    def close(self) -> None:
        self._line.close()
