"""Small servers that speak AMI and ARI: they log a client in and play it recorded traffic over a real socket."""

import hashlib
import http
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.sync.server import ServerConnection, serve

USER, SECRET = "callflow", "open-sesame"
CHALLENGE = "840415273"


@dataclass
class Played:
    """One server: where it is, and what it does with the connections that come, one after the other.

    ``traffic``: what each connection is sent after the login; after the last piece the next ones are sent nothing.
    ``stays``: whether a connection stays open then. ``listed``: the channels that exist, as sent on asking.
    """

    traffic: list[bytes] = field(default_factory=list)
    stays: bool = True
    listed: list[bytes] = field(default_factory=list)
    port: int = 0
    actions: list[dict[str, str]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def next(self, pieces: list[bytes]) -> bytes:
        return pieces.pop(0) if pieces else b""


@contextmanager
def ami(played: Played, banner: bytes = b"Asterisk Call Manager/5.0.4\r\n", portion: int = 1000) -> Iterator[Played]:
    """An AMI server that sends in portions of ``portion`` bytes."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(banner)
            while action := self._action():
                played.actions.append(action)
                self.answer(action)
                if action["Action"] == "CoreShowChannels":
                    traffic = played.next(played.traffic)
                    for at in range(0, len(traffic), portion):
                        self.wfile.write(traffic[at : at + portion])
                    if not played.stays:
                        return

        def answer(self, action: dict[str, str]) -> None:
            key = hashlib.md5((CHALLENGE + SECRET).encode()).hexdigest()
            if action["Action"] == "Challenge":
                self.say("Response: Success", f"Challenge: {CHALLENGE}")
            elif action["Action"] == "Login" and (action["Username"], action["Key"]) == (USER, key):
                self.say("Response: Success", "Message: Authentication accepted")
            elif action["Action"] == "Login":
                self.say("Response: Error", "Message: Authentication failed")
            elif action["Action"] == "CoreShowChannels":
                self.wfile.write(b"Response: Success\r\nEventList: start\r\n\r\n" + played.next(played.listed))
                self.say("Event: CoreShowChannelsComplete", "EventList: Complete")

        def say(self, *lines: str) -> None:
            self.wfile.write("\r\n".join([*lines, "", ""]).encode())

        def _action(self) -> dict[str, str]:
            action = {}
            while (line := self.rfile.readline().decode()) not in ("", "\r\n"):
                name, _, value = line.partition(":")
                action[name] = value.strip()
            return action

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", played.port), Handler) as server:
        played.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield played
        server.shutdown()
        thread.join()


@contextmanager
def ari(played: Played) -> Iterator[Played]:
    """An ARI server: the list of channels over HTTP, the events over a WebSocket."""

    def ask(connection: ServerConnection, request: Any) -> Any:
        import base64

        key = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {key}":
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, '{"message":"Authentication required"}')
        if request.path == "/ari/channels":
            return connection.respond(http.HTTPStatus.OK, (played.next(played.listed) or b"[]").decode())
        if not request.path.startswith("/ari/events?app=callflow-"):
            return connection.respond(http.HTTPStatus.NOT_FOUND, "")
        return None

    def handle(connection: ServerConnection) -> None:
        for line in played.next(played.traffic).splitlines():
            connection.send(line.decode())
        if played.stays:
            played.stopped.wait(30)

    with serve(handle, "127.0.0.1", played.port, process_request=ask) as server:
        played.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield played
        played.stopped.set()
        server.shutdown()
        thread.join()
