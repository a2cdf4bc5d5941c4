"""Options of ``score``, ``diff`` and ``export``."""

from __future__ import annotations

import argparse
from typing import Any

from callflow.errors import needed
from callflow.texts import text

ARCHIVE = "a file, or postgresql://USER@HOST/NAME 归档库"


def declare(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands."""
    command = subparsers.add_parser("score", parents=[common], help="a call's score, line by line 逐条说明得分")
    command.add_argument("journal", nargs="?", metavar="JOURNAL", help="the journal of a call (*.jsonl) 通话日志")
    command.add_argument("--archive", metavar="URL", help=ARCHIVE)
    command.add_argument("--call", metavar="ID", help="the call's number in the archive 通话编号")
    command.add_argument("--scorecard", metavar="FILE", help="weights of your own (default: the flow's) 评分表")
    command.add_argument("--flow", help="flow by name or path (default: the call's) 流程名称或路径（默认用通话所记）")
    command.add_argument("--json", action="store_true", help="as JSON JSON 格式")
    command.add_argument("--reveal", action="store_true", help="do not mask long numbers 不隐藏号码")
    command.set_defaults(run=run_score)

    command = subparsers.add_parser(
        "diff", parents=[common], help="what a changed flow would say of archived calls 流程改动的影响"
    )
    command.add_argument("--flow", required=True, metavar="NEW", help="the changed flow 新流程")
    command.add_argument("--against", required=True, metavar="OLD", help="the flow as it was 旧流程")
    command.add_argument("--archive", required=True, metavar="URL", help=ARCHIVE)
    _calls(command)
    command.add_argument("--limit", metavar="N", help="the latest N calls 最近 N 通")
    command.add_argument("--workers", metavar="N", help="processes (default: one for each core) 并行进程数")
    command.add_argument("--cluster", metavar="ADDRESS", help="on a Dask cluster: tcp://HOST:PORT, or local 集群")
    command.add_argument("--json", action="store_true", help="as JSON JSON 格式")
    command.add_argument("--html", metavar="OUT", help="write a page with examples to click 写出网页")
    command.add_argument("--desk", metavar="URL", help="where callflow serve is, for the links of --html 工作台网址")
    command.set_defaults(run=run_diff)

    command = subparsers.add_parser(
        "export", parents=[common], help="findings and scores for spreadsheets, reports to print 导出"
    )
    command.add_argument("--archive", required=True, metavar="URL", help=ARCHIVE)
    command.add_argument("--what", required=True, choices=("findings", "faults", "scores", "agent", "call"))
    command.add_argument("--out", required=True, metavar="FILE", help="the file to write 要写的文件")
    command.add_argument(
        "--format",
        help="csv, xlsx, html or a plugin's (default: by the name of FILE) 格式（默认按文件名）",
    )
    _calls(command)
    command.add_argument("--month", metavar="2026-11", help="the month of an agent's report 月份")
    command.add_argument("--call", metavar="ID", help="the call's number in the archive 通话编号")
    command.add_argument("--scorecard", metavar="FILE", help="weights of your own (default: the flow's) 评分表")
    command.add_argument("--flow", help="flow by name or path (default: the call's) 流程名称或路径（默认用通话所记）")
    command.add_argument("--reveal", action="store_true", help="do not mask long numbers 不隐藏号码")
    command.set_defaults(run=run_export)


def _calls(command: argparse.ArgumentParser) -> None:
    command.add_argument("--since", metavar="DATE", help="calls from this day on: 2026-11-01 起始日期")
    command.add_argument("--until", metavar="DATE", help="calls before this day 截止日期（不含）")
    command.add_argument("--agent", metavar="CODE", help="calls of one agent 坐席")


def run_score(options: argparse.Namespace, language: str) -> int:
    """``callflow score``, whose packages are an extra that nobody else should have to have."""
    with needed(text("an archive", "归档库"), "archive,web"):
        from callflow.commands import scores
    return scores.run_score(options, language)


def run_diff(options: argparse.Namespace, language: str) -> int:
    """``callflow diff``."""
    with needed(text("an archive", "归档库"), "archive,web"):
        from callflow.commands import scores
    return scores.run_diff(options, language)


def run_export(options: argparse.Namespace, language: str) -> int:
    """``callflow export``."""
    with needed(text("an archive", "归档库"), "archive,web"):
        from callflow.commands import export
    return export.run_export(options, language)
