"""``callflow live``: the agent's calls, with the overlay beside them."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from callflow import flowfiles
from callflow.audio.devices import Device, choose, devices
from callflow.audio.headset import Headset
from callflow.audio.telephone import Line, Telephone
from callflow.commands import plugins
from callflow.commands.common import note, plan_of, port_of, warn_of_models
from callflow.commands.places import chosen_engines, default_folder
from callflow.errors import BadInput, TelephonyError
from callflow.live import window
from callflow.live.ears import Ears
from callflow.live.lines import Lines
from callflow.live.overlay import Overlay
from callflow.live.recogniser import Recogniser
from callflow.live.record import require_folder
from callflow.live.reload import Reload
from callflow.live.session import Intake, LiveSession
from callflow.live.setting import Setting
from callflow.live.wall import Wall, is_in_clear
from callflow.telephony.hotkeys import Hotkeys
from callflow.telephony.source import CallEvents, Inbox, Phone, Reported
from callflow.texts import Text, text

SECRET = "CALLFLOW_PHONE_PASSWORD"
"""Environment variable with the telephone system's password, which does not belong on a command line."""
HOOK_TOKEN = "CALLFLOW_WEBHOOK_TOKEN"
WALL_TOKEN = "CALLFLOW_WALL_TOKEN"
WITHOUT_TELEPHONE = ("sound", "keys")
"""Values of ``--calls`` that are no telephone system."""


def run_live(options: argparse.Namespace, language: str) -> int:
    """Until Ctrl-C, which is how one goes home: 0. A second one does not wait for the end: 130."""
    begun = threading.Event()
    try:
        return _run(options, language, begun)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if begun.is_set():
            kept = text("ended at once; what was written of the calls is kept", "已立即结束；通话已写出的部分保留")
        else:
            kept = text("interrupted while it was starting; nothing was written", "启动时已中断，未写出任何文件")
        note(kept, language)
        return 130


def _run(options: argparse.Namespace, language: str, begun: threading.Event) -> int:
    folder, port = _folder(options), port_of(options.port)
    wall = _wall(options)
    if options.window:
        window.require()
    telephone = (
        None if options.calls in WITHOUT_TELEPHONE else _telephone(options.calls, options.sip_interface, language)
    )
    _check_telephone(options, telephone)
    plan = plan_of(options.flow, language)
    warn_of_models(language)
    found = devices()
    microphone = choose(found, "microphone", options.microphone)
    far_end = None if isinstance(telephone, Line) else choose(found, "far_end", options.far_end)
    chosen = chosen_engines(options.engine, language)
    intake = Intake()
    recognisers = [Recogniser(choice, intake.put) for choice in chosen]
    name = "+".join(choice.name for choice in chosen)
    with ExitStack() as stack:
        hook = _Hook() if not options.no_webhook else None
        routers = [hook.router(os.environ.get(HOOK_TOKEN) or secrets.token_urlsafe(24))] if hook else []
        overlay = stack.enter_context(Overlay(port=port, routers=routers))
        for recogniser in recognisers:
            recogniser.start()
            stack.callback(recogniser.close)
        lines = _lines(telephone, options.transfer_to or "", stack, hook, language)
        source = _source(telephone, microphone, far_end)
        stack.enter_context(source)
        heard = f"{name} · {microphone.name} · {far_end.name if far_end else 'SIP'}"
        listening = Text(heard, heard)
        setting = Setting(folder, options.calls == "sound", options.keep_numbers, name, listening, sound=options.audio)
        if wall:
            stack.enter_context(wall)
        reload = stack.enter_context(Reload(options.flow or flowfiles.DEFAULT_FLOW, plan))
        live = LiveSession(plan, source, Ears(recognisers), intake, overlay, setting, lines, wall=wall, reload=reload)
        begun.set()
        with suppress(KeyboardInterrupt):  # how one goes home
            print(overlay.url, flush=True)
            if hook:
                note(text("webhook token: {t}", "Webhook 令牌：{t}", t=hook.token), language)
            note(_kept(folder, options.audio), language)
            if wall:
                note(_seen(options.wall), language)
            if options.window:
                _in_window(live, overlay.url)
            else:
                live.run()
        note(text("ending …", "正在结束……"), language)
    return 0


def _source(telephone: object, microphone: Device, far_end: Device | None) -> Headset | Telephone:
    """Both voices: of two devices, or where callflow is the telephone itself, of its microphone and its line."""
    if far_end:
        return Headset(microphone, far_end)
    assert isinstance(telephone, Line)
    return Telephone(telephone, microphone)


def _folder(options: argparse.Namespace) -> Path | None:
    """Where the calls are kept; ``None`` for nowhere."""
    if options.no_journal:
        if options.audio:
            raise BadInput(
                text("--audio and --no-journal contradict each other", "--audio 与 --no-journal 互相矛盾"),
                text("leave one of them out", "请去掉其中一个"),
            )
        return None
    if options.journals == "":
        raise BadInput(
            text("--journals: an empty name", "--journals：名字是空的"), text("name a folder", "请给出文件夹")
        )
    folder = Path(options.journals) if options.journals else default_folder()
    require_folder(folder)
    return folder


def _check_telephone(options: argparse.Namespace, telephone: object) -> None:
    """What only a telephone of our own can do."""
    for name in ("transfer_to", "sip_interface"):
        if getattr(options, name) is not None and not isinstance(telephone, Phone):
            option = name.replace("_", "-")
            raise BadInput(
                text("--{o} is for a telephone of our own", "--{o} 仅用于 callflow 自带电话", o=option),
                text("add --calls sip:USER@HOST, or leave it out", "请加上 --calls sip:用户@主机，或去掉它"),
            )


def _kept(folder: Path | None, sound: bool) -> Text:
    if folder is None:
        return text("calls are not saved", "通话不保存")
    if sound:
        return text("journals and sound, numbers audible: {p}", "日志和录音（录音中的号码不会隐藏）：{p}", p=folder)
    return text("journals: {p}", "日志：{p}", p=folder)


def _wall(options: argparse.Namespace) -> Wall | None:
    """The supervisor's wall, where one is named; its token comes from a file or the environment, never as an option."""
    if not options.wall:
        return None
    token = os.environ.get(WALL_TOKEN, "")
    if options.wall_token:
        try:
            token = Path(options.wall_token).read_text(encoding="utf-8")[:1000]
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(
                text('--wall-token: cannot read "{p}"', "--wall-token：无法读取“{p}”", p=options.wall_token)
            ) from error
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise BadInput(
            text("--wall needs the token of this computer", "--wall 需要本机的令牌"),
            text(
                "make one with callflow users wall-token NAME, and put it into {v} or a file for --wall-token",
                "用 callflow users wall-token 用户名 生成，放入 {v} 或 --wall-token 指定的文件",
                v=WALL_TOKEN,
            ),
        )
    return Wall(options.wall, token)


def _seen(address: str) -> Text:
    """Who sees calls, and where: the agent should know before the first."""
    if is_in_clear(address):
        return text(
            "calls in progress go to {u}, and others on the network can read them: give callflow serve --certificate "
            "and --key, and write https",
            "进行中的通话会发往 {u}，未加密，网络中的他人可以读到："
            "请为 callflow serve 给出 --certificate 和 --key，并写 https",
            u=address,
        )
    return text(
        "calls in progress go to {u}; the overlay says so where supervisors do not see them",
        "进行中的通话会发往 {u}；主管看不到时浮窗会提示",
        u=address,
    )


class _Hook(Inbox):
    """Call events that come in by HTTP."""

    def __init__(self) -> None:
        super().__init__()
        self.token = ""

    def router(self, token: str):  # type: ignore[no-untyped-def]
        from callflow.telephony.webhook import router

        self.token = token
        return router(self._take, token)

    def _take(self, reported: Reported) -> None:
        self.put(reported)

    def __enter__(self) -> _Hook:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lines(
    telephone: CallEvents | None, transfer_to: str, stack: ExitStack, hook: _Hook | None, language: str
) -> Lines:
    sources: list[CallEvents] = [hook] if hook else []
    phone: Phone | None = None
    if telephone:
        stack.enter_context(telephone)
        sources.append(telephone)
        phone = telephone if isinstance(telephone, Phone) else None
    keys = Hotkeys(phone=phone, transfer_to=transfer_to)
    try:
        stack.enter_context(keys)
    except TelephonyError as error:  # the keys work in the overlay all the same
        note(Text(error.in_("en"), error.in_("zh")), language)
    return Lines(sources, keys)


def _telephone(address: str, interface: str | None = None, language: str = "en"):  # type: ignore[no-untyped-def]
    """The source that ``address`` names: ``sip:user@host``, ``ami://user@host:5038/PJSIP/100``, ``ari://…``."""
    try:
        parts = urlsplit(address if "//" in address else address.replace(":", "://", 1))
        host, port = parts.hostname or "", parts.port
    except ValueError:  # brackets that do not close, a port that is none
        parts, host, port = urlsplit(""), "", None
    password = unquote(parts.password or "") or os.environ.get(SECRET, "")
    user, endpoint = unquote(parts.username or ""), unquote(parts.path.strip("/"))
    if parts.scheme in ("sip", "sips") and user and host:
        from callflow.telephony.sip import SipAccount, Softphone

        domain = f"{host}:{port}" if port else host
        transport = "tls" if parts.scheme == "sips" else "udp"
        return Softphone(
            SipAccount(user, domain, password, transport=transport, interface=interface, player=_player(sys.platform))
        )
    if parts.scheme in ("ami", "amis") and user and host and endpoint:
        from callflow.telephony.ami import Manager

        return Manager(endpoint, user, password, host, port or 5038, tls=parts.scheme == "amis")
    if parts.scheme in ("ari", "aris") and user and host and endpoint:
        from callflow.telephony.ari import RestInterface

        scheme = "https" if parts.scheme == "aris" else "http"
        return RestInterface(endpoint, user, password, f"{scheme}://{host}:{port or 8088}")
    if other := plugins.telephone(address, language):
        return other
    raise BadInput(
        text('--calls: "{a}" is no telephone', "--calls：“{a}”不是电话来源", a=address[:80]),
        text(
            "write sound, keys, sip:USER@HOST, ami://USER@HOST/PJSIP/100 or ari://USER@HOST/PJSIP/100",
            "可写 sound、keys、sip:用户@主机、ami://用户@主机/PJSIP/100 或 ari://用户@主机/PJSIP/100",
        ),
    )


def _player(platform: str) -> str:
    """Where baresip plays the far end: the system's own output."""
    return "coreaudio" if platform == "darwin" else "alsa,default"


def _in_window(live: LiveSession, url: str) -> None:
    """The overlay in a window that stays on top; closing it ends the session."""
    running = threading.Thread(target=live.run, name="session", daemon=True)
    running.start()
    with suppress(KeyboardInterrupt):
        window.show_window(url)
    live.stop()
    running.join(5.0)
