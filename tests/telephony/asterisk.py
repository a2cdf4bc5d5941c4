"""A real Asterisk on 127.0.0.1, with three extensions, for tests; where none is installed, tests use its recordings.

``CALLFLOW_ASTERISK_ROOT`` may name a directory into which Debian's package and what it needs have been unpacked.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from live.sip_call import free_port

from callflow.telephony.sip import SipAccount

SECRET = "open-sesame"
MODULES = (
    *("res_pjproject*", "res_pjsip*", "res_sorcery*", "res_ari*", "res_stasis*", "res_http_websocket*"),
    *("res_rtp_asterisk*", "res_musiconhold*", "res_timing_timerfd*", "chan_pjsip*", "chan_bridge_media*"),
    *("app_dial*", "app_stasis*", "bridge_*", "codec_*", "format_pcm*", "pbx_config*", "func_callerid*"),
)
LEFT_OUT = ("phoneprov", "stir_shaken", "geolocation", "publish", "hep", "history", "realtime", "mwi", "exten_state")
NAMES = ("agent", "customer", "expert")

ENDPOINT = """
[{name}]
type=endpoint
context=office
disallow=all
allow=g722,alaw,ulaw
direct_media=no
auth={name}
aors={name}
[{name}]
type=auth
auth_type=userpass
username={name}
password={secret}
[{name}]
type=aor
max_contacts=1
remove_existing=yes
"""


@dataclass(frozen=True)
class Exchange:
    """Where a running Asterisk is."""

    sip: int
    ami: int
    ari: int

    def account(self, name: str, password: str = SECRET) -> SipAccount:
        """An extension of it."""
        here = f"127.0.0.1:{free_port()}"
        return SipAccount(
            *(name, f"127.0.0.1:{self.sip}", password),
            interface="127.0.0.1",
            listen=here,
            follow_transfers=True,
        )


def command() -> tuple[list[str], Path] | None:
    """How to start Asterisk and where its files are; ``None`` where there is none."""
    if root := os.environ.get("CALLFLOW_ASTERISK_ROOT"):
        base = Path(root)
        loader = next(base.glob("lib/*/ld-*.so*"), None) or next(base.glob("usr/lib/*/ld-*.so*"))
        libraries = [str(p) for p in (loader.parent, base / "usr/lib" / loader.parent.name, base / "usr/lib")]
        return [str(loader), "--library-path", ":".join(libraries), str(base / "usr/sbin/asterisk")], base
    if shutil.which("asterisk"):
        return ["asterisk"], Path("/")
    return None


@contextmanager
def asterisk(directory: Path) -> Iterator[Exchange]:
    """Start one with all its files in ``directory``; stopped at the end."""
    found = command()
    assert found is not None
    start, root = found
    exchange = Exchange(free_port(), _tcp_port(), _tcp_port())
    _configure(directory, root, exchange)
    with (directory / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [*start, "-C", str(directory / "asterisk.conf"), "-f", "-n"], stdout=output, stderr=output
        )
        try:
            _wait(process, exchange, directory)
            yield exchange
        finally:
            process.terminate()
            process.wait(20)


def _wait(process: "subprocess.Popen[bytes]", exchange: Exchange, directory: Path) -> None:
    end = time.monotonic() + 60
    for port in (exchange.ami, exchange.ari):
        while True:
            assert process.poll() is None, (directory / "output.txt").read_text()
            assert time.monotonic() < end, (directory / "output.txt").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
    time.sleep(1)  # the channel drivers are loaded after the ports are open


def _configure(directory: Path, root: Path, exchange: Exchange) -> None:
    modules = next(p for p in root.glob("usr/lib/**/asterisk/modules") if p.is_dir())
    loads = {p.name for pattern in MODULES for p in modules.glob(f"{pattern}.so")}
    loads = {name for name in loads if not any(part in name for part in LEFT_OUT)}
    places = {name: directory for name in ("etc", "varlib", "db", "key", "spool", "run", "log", "sbin")}
    places |= {"mod": modules, "data": root / "usr/share/asterisk", "agi": root / "usr/share/asterisk"}
    folders = "".join(f"ast{name}dir => {path}\n" for name, path in places.items())
    files = {
        "asterisk.conf": f"[directories]\n{folders}[options]\ndocumentation_language = en_US\n",
        "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load={name}\n" for name in sorted(loads)),
        "logger.conf": "[general]\n[logfiles]\nconsole => notice,warning,error\n",
        "manager.conf": f"[general]\nenabled=yes\nport={exchange.ami}\nbindaddr=127.0.0.1\n"
        f"[callflow]\nsecret={SECRET}\nread=call,system\nwrite=reporting\n",
        "http.conf": f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport={exchange.ari}\n",
        "ari.conf": f"[general]\nenabled=yes\n[callflow]\ntype=user\nread_only=yes\npassword={SECRET}\n",
        "rtp.conf": "[general]\nrtpstart=21000\nrtpend=21200\n",
        "extensions.conf": "[office]\nexten => _[a-z].,1,Dial(PJSIP/${EXTEN},30)\n",
        "pjsip.conf": f"[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{exchange.sip}\n"
        + "".join(ENDPOINT.format(name=name, secret=SECRET) for name in NAMES),
    }
    for name, content in files.items():
        (directory / name).write_text(content, encoding="utf-8")


def _tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
