"""``callflow serve``: desk and studio in the browser. Here the shell, the archive and the pages are put together."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from pathlib import Path

from callflow.archive.purge import delete_copies
from callflow.archive.store import Archive
from callflow.audio.recording import Recording
from callflow.audio.source import Source
from callflow.commands import studio
from callflow.commands.common import note, port_of
from callflow.commands.places import copies_of_sound
from callflow.errors import BadInput
from callflow.gate import is_local, listen, own_hosts
from callflow.review.desk import desk
from callflow.review.desk.books import Books
from callflow.review.desk.flows import Flows
from callflow.review.desk.recordings import Roots
from callflow.review.desk.sound import SoundFiles
from callflow.review.known import rescored
from callflow.texts import text
from callflow.web.accounts import Accounts
from callflow.web.pages import read_static
from callflow.web.server import serve, still_answering
from callflow.web.site import Site


def run_serve(options: argparse.Namespace, language: str) -> int:
    folders = [_folder(name, "--recordings") for name in options.recordings or ()]
    flows = _folder(options.flows, "--flows") if options.flows else None
    studio.need_flows(flows, options.flows_init)
    certificate, key = options.certificate, options.key
    if bool(certificate) != bool(key):
        raise BadInput(text("--certificate and --key belong together", "--certificate 和 --key 须一起给出"))
    for option, name in (("--certificate", certificate), ("--key", key)):
        if name and not Path(name).is_file():
            raise BadInput(text('{o}: no such file: "{p}"', "{o}：没有这个文件：“{p}”", o=option, p=name))
    proxy = _proxy(options.proxy) if options.proxy else None
    secure = bool(certificate or proxy)
    with ExitStack() as stack:
        archive = stack.enter_context(Archive.open(options.archive, create=False))
        listening = stack.enter_context(listen(options.host, port_of(options.port)))
        port = listening.getsockname()[1]
        site = Site(Accounts(archive), secure=secure)
        folders += _beside(archive)
        copies = copies_of_sound(archive.name)
        for why in delete_copies(archive, copies):
            note(why, language)
        books = Books(
            archive=archive,
            flows=Flows(flows),
            roots=Roots(folders),
            sounds=SoundFiles(copies, _open),
            rescore=rescored,
        )
        desk.add(site, books, read_static("callflow.live"))
        if flows:
            stack.callback(studio.add(site, flows, archive, options.flows_init).bench.close)
        app = site.finished(own_hosts(options.host, port, options.name or (), bool(certificate), proxy is not None))
        _warn(options.host, certificate, proxy, language)
        scheme, host = "https" if certificate else "http", f"[{options.host}]" if ":" in options.host else options.host
        with suppress(KeyboardInterrupt):  # how one stops it
            serve(app, listening, certificate, key, proxy, lambda: print(f"{scheme}://{host}:{port}/", flush=True))
    if still_answering():
        os._exit(0)
    return 0


def _proxy(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        raise BadInput(
            text('--proxy: "{a}" is no IP address', "--proxy：“{a}”不是 IP 地址", a=address[:80]),
            text("the one that the proxy connects from: 127.0.0.1", "即代理连接本服务时所用的地址，如 127.0.0.1"),
        ) from None


def _folder(name: str, option: str) -> Path:
    path = Path(name)
    if not path.is_dir():
        raise BadInput(text('{o}: no such folder: "{p}"', "{o}：没有这个文件夹：“{p}”", o=option, p=name))
    return path


def _beside(archive: Archive) -> list[Path]:
    """Whatever else is named: recordings in the folder of the archive and below it."""
    return [Path(archive.name).resolve().parent] if archive.sqlite else []


def _open(path: Path, agent: str) -> Source:
    return Recording(path, agent="right" if agent == "right" else "left")


def _warn(host: str, certificate: str | None, proxy: str | None, language: str) -> None:
    if is_local(host) or certificate:
        return
    if proxy:
        message = text(
            "the way from the proxy to {h} is not encrypted, and others on the network can come past the proxy: "
            "listen on 127.0.0.1, or give --certificate and --key",
            "代理到 {h} 之间未加密，网络中的他人也能绕过代理：请监听 127.0.0.1，或给出 --certificate 和 --key",
            h=host,
        )
    else:
        message = text(
            "others on the network can read what travels to {h}: give --certificate and --key",
            "发往 {h} 的内容未加密，网络中的他人可以读到：请给出 --certificate 和 --key",
            h=host,
        )
    note(message, language)
