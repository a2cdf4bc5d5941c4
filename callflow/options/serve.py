"""Options of ``serve``."""

from __future__ import annotations

import argparse
from typing import Any

from callflow.errors import needed
from callflow.texts import text


def declare(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    command = subparsers.add_parser(
        "serve", parents=[common], help="the supervisor's desk and the studio, in the browser 网页工作台"
    )
    command.add_argument(
        "--archive", required=True, metavar="URL", help="a path, or postgresql://USER@HOST/NAME 归档库"
    )
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer only) 地址")
    command.add_argument(
        "--port", metavar="N", default="8700", help="port to listen on; 0 for any (default: 8700) 端口"
    )
    command.add_argument(
        "--name",
        action="append",
        metavar="NAME",
        help="a name by which others reach this computer; may be repeated 他人访问本机所用的名称，可重复",
    )
    command.add_argument(
        "--recordings",
        action="append",
        metavar="FOLDER",
        help="one more folder whose recordings may be played, besides the archive's; may be repeated 录音文件夹",
    )
    command.add_argument(
        "--flows", metavar="FOLDER", help="a folder of flows of your own, to be written in the studio 流程文件夹"
    )
    command.add_argument(
        "--flows-init", action="store_true", help="make that folder a git repository where it is none 建立 git 仓库"
    )
    command.add_argument("--certificate", metavar="FILE", help="for HTTPS: the certificate, PEM 证书")
    command.add_argument("--key", metavar="FILE", help="for HTTPS: its key, PEM 私钥")
    command.add_argument(
        "--proxy",
        metavar="ADDRESS",
        help="behind an HTTPS proxy at this address: visitors are who it says (X-Forwarded-For) 反向代理的地址",
    )
    command.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace, language: str) -> int:
    """``callflow serve``, whose packages are an extra."""
    with needed(text("the desk", "网页工作台"), "web"):
        from callflow.commands import serve
    return serve.run_serve(options, language)
