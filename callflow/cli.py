"""The command line: reads the options, prints what is wrong, sets the exit code; ``commands`` does the work.

Exit codes: 0 done, 1 a rehearsal or a file of a batch failed, 2 something given was wrong (one line on standard error
says what and what to do), 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import locale
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, NoReturn

from callflow import __version__
from callflow.commands.common import interrupts, warn, warn_few
from callflow.errors import BadEvents, BadFlow, CallflowError, needed
from callflow.options import designing, flows, scores, serve
from callflow.options.parser import Parser, asked_for
from callflow.speech import engines
from callflow.texts import printable, refused, short, text

if TYPE_CHECKING:
    _SubParsers = argparse._SubParsersAction[Parser]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``callflow`` with ``arguments`` (default: the process's own); returns the exit code."""
    _utf8_streams()
    language = _language()
    if sys.stdout is None:  # closed by whoever started us: what we print would be lost without a word
        closed = text("standard output is closed", "标准输出已关闭")
        hint = text("send what is not wanted to /dev/null", "不需要输出时请重定向到 /dev/null")
        _complain(CallflowError(closed, hint).in_(language), language)
        return 2
    Parser.language = asked_for(list(sys.argv[1:] if arguments is None else arguments)) or language
    try:
        options = _options(arguments)
        language = options.lang or language
        code = int(options.run(options, language))
        if sys.stdout:
            sys.stdout.flush()
        return code
    except BadFlow as error:
        told = warn_few if isinstance(error, BadEvents) else warn
        told(error.problems, language)
        _complain(error.in_(language), language)
    except CallflowError as error:
        _complain(error.in_(language), language)
    except BrokenPipeError:
        # Whoever read our output has heard enough. The code is what a shell says of any command in this case.
        _drop_output()
        return 141
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(
            text("interrupted; nothing unfinished was kept", "已中断，未完成的没有保留").in_(language),
            file=sys.stderr,
        )
        return 130
    except OSError as error:
        _complain(printable(_told(error, language)), language)
        _drop_output()
    return 2


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    try:
        return _parser().parse_args(arguments)
    except BrokenPipeError:
        _drop_output()
        raise SystemExit(0) from None  # whoever read the help has read enough


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _told(error: OSError, language: str) -> str:
    """What the system refused; everything that has a name is written by those who know it, the rest is our output."""
    why = refused(error)
    if error.filename:
        return f"{short(PurePath(os.fsdecode(error.filename)))}: {why.in_(language)}"
    if error.errno in _FULL:
        message = text(
            "cannot write to standard output: {w} — free some space, or send the output elsewhere",
            "无法写入标准输出：{w} — 请腾出空间，或把输出写到别处",
            w=why,
        )
        return message.in_(language)
    return why.in_(language)


def on_interrupt(number: int, _frame: object) -> NoReturn:
    """Ctrl-C: an exception, and a note of it, because PyAV loses an exception that reaches it at work."""
    interrupts.append(number)
    raise KeyboardInterrupt


def _complain(message: str, language: str) -> None:
    word = text("error", "错误").in_(language)
    print(f"callflow: {word}: {message}", file=sys.stderr)


def _drop_output() -> None:
    """What standard output could not take goes nowhere; Python would try again, and complain, while shutting down."""
    if sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _utf8_streams() -> None:
    """Chinese goes out as UTF-8 even where the locale knows only ASCII; a bad byte must not end a call."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _language() -> str:
    """zh where the environment speaks Chinese, else en."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    return "zh" if (named or locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


# ------------------------------------------------------------------------------------------------ options


def run_replay(options: argparse.Namespace, language: str) -> int:
    """``callflow replay``: one call, or with ``--archive`` many, which needs packages that are an extra."""
    if options.archive is None:
        from callflow.commands import replay

        return replay.run_replay(options, language)
    with needed(text("an archive", "归档"), "archive"):
        from callflow.commands import batch
    return batch.run_batch(options, language)


def run_live(options: argparse.Namespace, language: str) -> int:
    """``callflow live``, whose packages are an extra that nobody else should have to have."""
    with needed(text("live calls", "实时通话"), "live"):
        from callflow.commands import live
    return live.run_live(options, language)


def run_doctor(options: argparse.Namespace, language: str) -> int:
    """``callflow doctor``; it loads what live calls need, for which no other command should have to wait."""
    from callflow.commands import doctor

    return doctor.run_doctor(options, language)


def run_models(options: argparse.Namespace, language: str) -> int:
    """``callflow models``."""
    from callflow.commands import models

    return models.run_models(options, language)


def run_devices(options: argparse.Namespace, language: str) -> int:
    """``callflow devices``; it loads what hears."""
    from callflow.commands import devices

    return devices.run_devices(options, language)


def run_users(options: argparse.Namespace, language: str) -> int:
    """``callflow users``, for which the packages of the archive are needed."""
    with needed(text("an archive", "归档库"), "archive"):
        from callflow.commands import users
    return users.run_users(options, language)


def run_purge(options: argparse.Namespace, language: str) -> int:
    """``callflow purge``, the same."""
    with needed(text("an archive", "归档库"), "archive"):
        from callflow.commands import archive
    return archive.run_purge(options, language)


def _archive_options(subparsers: _SubParsers, common: Parser) -> None:
    archive = Parser(add_help=False)
    archive.add_argument(
        "--archive", required=True, metavar="URL", help="calls.db, or postgresql://USER@HOST/NAME 归档库"
    )

    command = subparsers.add_parser(
        "users", parents=[common, archive], help="who may look into an archive; passwords are asked for 归档库用户"
    )
    actions = ("list", "add", "change", "password", "disable", "enable", "remove", "wall-token", "wall-revoke")
    command.add_argument("action", choices=actions, help="wall-token: for callflow live --wall of an agent 操作")
    command.add_argument("name", nargs="?", default="", help="the user's name 用户名")
    command.add_argument("--role", choices=("agent", "supervisor", "admin"), help="角色 (default: supervisor)")
    command.add_argument("--agent", metavar="CODE", help="whose calls an agent sees 坐席工号")
    command.add_argument("--team", metavar="NAME", help="whose calls a supervisor sees 班组")
    command.add_argument(
        "--reveal",
        action=argparse.BooleanOptionalAction,
        help="sees long numbers, which others see masked 可见完整号码",
    )
    command.set_defaults(run=run_users)

    command = subparsers.add_parser(
        "purge", parents=[common, archive], help="delete old calls from an archive, for good 彻底删除旧通话"
    )
    command.add_argument("--older-than", required=True, metavar="AGE", help="90d, 12w or 2y 早于")
    command.add_argument(
        "--recordings", action="append", metavar="FOLDER", help="and the recordings in it; may be repeated 同时删除录音"
    )
    command.add_argument("--dry-run", action="store_true", help="only say how many 仅统计")
    command.add_argument("--yes", action="store_true", help="do not ask 不再询问")
    command.set_defaults(run=run_purge)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="callflow",
        description="Guidance for Mandarin service calls: what to say next, and what must not be said. 来电服务引导",
    )
    parser.add_argument("--version", action="version", version=f"callflow {__version__}")
    common = Parser(add_help=False)
    common.add_argument("--lang", choices=("zh", "en"), help="language of messages and reports 界面语言")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    command = subparsers.add_parser(
        "replay", parents=[common], help="replay a recording or a journal through the engine 回放录音或日志"
    )
    command.add_argument(
        "file",
        nargs="+",
        metavar="FILE",
        help="a recording, or a journal (*.jsonl); with --archive folders, lists (*.csv) too 录音、日志或文件夹",
    )
    command.add_argument(
        "--events", help="call events of the telephone system (default: FILE.events.jsonl) 话务系统的通话事件"
    )
    command.add_argument("--date", help="when the call was: 2026-10-01 or 2026-10-01T09:30 通话日期")
    command.add_argument("--flow", help="flow by name or path (default: inbound) 流程名称或路径")
    command.add_argument(
        "--engine",
        default="auto",
        help=", ".join(["auto", *(engine.name for engine in engines.ENGINES), "a plugin's name"]),
    )
    command.add_argument("--agent", choices=("left", "right"), help="the agent's channel (default: left) 坐席所在声道")
    command.add_argument("--journal", metavar="OUT.jsonl", help="write the call's journal 写出通话日志")
    command.add_argument(
        "--report", metavar="OUT.html", help="write a report to read and play 写出可阅读、可播放的报告"
    )
    command.add_argument(
        "--json", action="store_true", help="events as JSON lines on standard output 以 JSON 行输出事件"
    )
    command.add_argument("--threads", metavar="N", help="threads of the recogniser (default: what suits it) 识别线程数")
    command.add_argument(
        "--archive", metavar="URL", help="judge all of FILE into an archive: a path or postgresql://… 归档"
    )
    command.add_argument("--workers", metavar="N", help="processes (default: one for each core) 并行进程数")
    command.add_argument(
        "--pattern", help="what file names say: {agent}_{time:%%Y%%m%%d-%%H%%M%%S}_{queue}.wav 文件名模式"
    )
    command.add_argument("--cluster", metavar="ADDRESS", help="judge on a Dask cluster: tcp://HOST:PORT, or local 集群")
    command.add_argument("--again", action="store_true", help="judge anew what is archived already 重新评定")
    command.add_argument(
        "--retry-failed", action="store_true", help="try files again that failed before 重试失败的文件"
    )
    command.add_argument("--no-peaks", action="store_true", help="keep no waveforms for callflow serve 不保存波形")
    command.set_defaults(run=run_replay)

    flows.declare(subparsers, common)
    designing.declare(subparsers, common)

    command = subparsers.add_parser("live", parents=[common], help="guidance during calls, in an overlay 实时通话引导")
    command.add_argument("--microphone", metavar="NAME", help="the agent's device: its name or part of it 麦克风")
    command.add_argument("--far-end", metavar="NAME", help="what the computer plays, the customer's side 对方声音")
    command.add_argument("--flow", help="flow by name or path (default: inbound) 流程名称或路径")
    command.add_argument(
        "--engine",
        default="auto",
        help="auto, one engine, or two as zipformer+whisper auto、一个引擎，或两个如 zipformer+whisper",
    )
    command.add_argument(
        "--calls",
        default="sound",
        metavar="SOURCE",
        help="who tells of calls: sound (default), keys, sip:USER@HOST, ami://USER@HOST/ENDPOINT, ari://… 通话事件来源",
    )
    command.add_argument(
        "--sip-interface", metavar="ADDRESS", help="this computer's address to telephone from (with sip) 本机地址"
    )
    command.add_argument("--transfer-to", metavar="NUMBER", help="whom the transfer key calls (with sip) 转接号码")
    command.add_argument("--journals", metavar="FOLDER", help="where the calls' journals go 日志文件夹")
    command.add_argument("--no-journal", action="store_true", help="keep nothing of the calls 不保存")
    command.add_argument("--audio", action="store_true", help="keep the sound beside each journal, too 同时保存录音")
    command.add_argument("--keep-numbers", action="store_true", help="do not hide long numbers in journals 不隐藏号码")
    command.add_argument("--no-webhook", action="store_true", help="take no call events by HTTP 不接收 Webhook")
    command.add_argument(
        "--port", metavar="N", default="0", help="the overlay's port on this computer (default: any) 端口"
    )
    command.add_argument("--wall", metavar="URL", help="callflow serve, for the supervisor's live wall 现场看板地址")
    command.add_argument("--wall-token", metavar="FILE", help="its token (default: from CALLFLOW_WALL_TOKEN) 令牌文件")
    command.add_argument("--window", action="store_true", help="in a window that stays on top (pywebview) 置顶窗口")
    command.set_defaults(run=run_live)

    scores.declare(subparsers, common)

    command = subparsers.add_parser(
        "doctor", parents=[common], help="is everything here that live calls need? 检查实时通话所需的一切"
    )
    command.add_argument("--engine", default="auto", help="as for live 同 live")
    command.add_argument("--flow", help="flow by name or path (default: inbound) 流程名称或路径")
    command.add_argument("--microphone", metavar="NAME", help="as for live 同 live")
    command.add_argument("--far-end", metavar="NAME", help="as for live 同 live")
    command.add_argument("--journals", metavar="FOLDER", help="as for live 同 live")
    command.add_argument("--port", metavar="N", default="0", help="as for live 同 live")
    command.add_argument("--json", action="store_true", help="as JSON, with what was measured JSON 格式，含测量值")
    command.set_defaults(run=run_doctor)

    _archive_options(subparsers, common)

    command = subparsers.add_parser("models", parents=[common], help="list, install and verify speech models 语音模型")
    command.add_argument("action", choices=("list", "install", "verify", "path"), nargs="?", default="list")
    command.add_argument("name", nargs="?", default="", help="a model's name (see list) 模型名称（见 list）")
    command.add_argument(
        "--source", help="install from this address, archive or directory instead 改由此网址、压缩包或目录安装"
    )
    command.set_defaults(run=run_models)

    command = subparsers.add_parser(
        "devices", parents=[common], help="list the sound devices, and which would be used 声音设备"
    )
    command.add_argument("--meter", action="store_true", help="show what each of them hears 显示音量")
    command.add_argument(
        "--seconds", metavar="N", help="how long to show it (default: until Ctrl-C) 显示时长（默认直到 Ctrl-C）"
    )
    command.add_argument(
        "--microphone",
        metavar="NAME",
        help="try this name, or part of it, or a pattern with * 试用此名称、其一部分或带 * 的模式",
    )
    command.add_argument(
        "--far-end",
        metavar="NAME",
        help="the same for the device that carries the customer 承载客户声音的设备，用法相同",
    )
    command.set_defaults(run=run_devices)

    serve.declare(subparsers, common)
    return parser
