"""Options of ``phrases``, ``import``, ``new`` and ``plugins``."""

from __future__ import annotations

import argparse
from typing import Any

from callflow import flowfiles

FLOW = "flow by name or path"


def declare(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands."""
    command = subparsers.add_parser("phrases", help="phrases to a spreadsheet and back 话术与禁用语的导出、导入")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    command = actions.add_parser("export", parents=[common], help="write a spreadsheet 导出")
    command.add_argument("flow", nargs="?", default=flowfiles.DEFAULT_FLOW, metavar="FLOW", help=FLOW)
    command.add_argument(
        "--out", required=True, metavar="OUT.xlsx", help="the workbook, or a CSV file (*.csv) 工作簿或 CSV 文件"
    )
    command.set_defaults(run=run_phrases_export)
    for command in (
        actions.add_parser("import", parents=[common], help="take a spreadsheet's phrases into a flow 导入"),
        subparsers.add_parser("import", parents=[common], help="the same as phrases import 导入话术表"),
    ):
        command.add_argument(
            "file", metavar="FILE", help="a workbook (*.xlsx) or CSV file of phrases 话术工作簿或 CSV 文件"
        )
        command.add_argument("flow", nargs="?", default=flowfiles.DEFAULT_FLOW, metavar="FLOW", help=FLOW)
        command.add_argument("--dry-run", action="store_true", help="only show what would change 预览")
        command.set_defaults(run=run_phrases_import)

    command = subparsers.add_parser("new", parents=[common], help="a flow for a new business 新建流程")
    command.add_argument("name", metavar="NAME", help="the folder to make 要建立的文件夹")
    command.add_argument("--template", choices=("inbound", "outbound"), default="inbound", help="来电或外呼 (inbound)")
    command.add_argument("--answers", metavar="FILE", help="answers in YAML instead of questions 答案文件")
    command.set_defaults(run=run_new)

    command = subparsers.add_parser("plugins", parents=[common], help="what other packages add to callflow 插件")
    command.set_defaults(run=run_plugins)


# Each command loads what it needs when it is run: nobody waits for openpyxl or templates who asked for something else.


def run_phrases_export(options: argparse.Namespace, language: str) -> int:
    """``callflow phrases export``."""
    from callflow.commands import phrases

    return phrases.run_export(options, language)


def run_phrases_import(options: argparse.Namespace, language: str) -> int:
    """``callflow phrases import`` and ``callflow import``."""
    from callflow.commands import phrases

    return phrases.run_import(options, language)


def run_new(options: argparse.Namespace, language: str) -> int:
    """``callflow new``."""
    from callflow.commands import new

    return new.run_new(options, language)


def run_plugins(options: argparse.Namespace, language: str) -> int:
    """``callflow plugins``."""
    from callflow.commands import plugins

    return plugins.run_plugins(options, language)
