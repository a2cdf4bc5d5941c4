"""Writes down what a real Asterisk sends during the calls of ``asterisk_calls``.

Run as ``python tests/telephony/record_asterisk.py DIRECTORY``.
"""

import base64
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from live.sip_call import Party
from telephony.asterisk import NAMES, SECRET, Exchange, asterisk
from telephony.asterisk_calls import CALLS
from websockets.sync.client import connect

from callflow.telephony.sip import Softphone

LEFT_OUT = ("ChannelVarset", "DeviceStateChanged")


@contextmanager
def recording(exchange: Exchange, to: Path, name: str) -> Iterator[None]:
    stop = threading.Event()
    key = base64.b64encode(f"callflow:{SECRET}".encode()).decode()
    address = f"ws://127.0.0.1:{exchange.ari}/ari/events?app=record&subscribeAll=true"
    with (
        socket.create_connection(("127.0.0.1", exchange.ami)) as ami,
        connect(address, additional_headers={"Authorization": f"Basic {key}"}) as ari,
        (to / f"{name}.ami.txt").open("wb") as text,
        (to / f"{name}.ari.jsonl").open("w", encoding="utf-8") as lines,
    ):
        login = f"Action: Login\r\nUsername: callflow\r\nSecret: {SECRET}\r\n\r\nAction: CoreShowChannels\r\n\r\n"
        ami.sendall(login.encode())
        ami.settimeout(0.2)

        def read_ami() -> None:
            while not stop.is_set():
                try:
                    text.write(ami.recv(65_536))
                except TimeoutError:
                    continue

        def read_ari() -> None:
            while not stop.is_set():
                try:
                    event = json.loads(ari.recv(0.2))
                except TimeoutError:
                    continue
                if event["type"] not in LEFT_OUT:
                    lines.write(json.dumps(event, separators=(",", ":")) + "\n")

        readers = [threading.Thread(target=read) for read in (read_ami, read_ari)]
        for reader in readers:
            reader.start()
        yield
        time.sleep(1.5)
        stop.set()
        for reader in readers:
            reader.join()


def main(to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, asterisk(Path(directory)) as exchange, ExitStack() as phones:
        parties = [Party(phones.enter_context(Softphone(exchange.account(name)))) for name in NAMES]
        for name, call in CALLS.items():
            with recording(exchange, to, name):
                call(*parties)
            for party in parties:
                party.forget()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
