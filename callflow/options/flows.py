"""Options of ``simulate``, ``test``, ``record``, ``graph``, ``lint``, ``schema``, ``coverage`` and ``explain``."""

from __future__ import annotations

import argparse
from typing import Any

from callflow import flowfiles

FORMATS = ("svg", "png", "mermaid", "dot")


def declare(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands."""
    _plays(subparsers, common)
    _picture(subparsers, common)
    _checks(subparsers, common)


def _plays(subparsers: Any, common: argparse.ArgumentParser) -> None:
    command = subparsers.add_parser(
        "simulate", parents=[common], help="events as JSON lines in, outputs as JSON lines out 以 JSON 行模拟通话"
    )
    command.add_argument(
        "flow",
        nargs="?",
        default=flowfiles.DEFAULT_FLOW,
        metavar="FLOW",
        help="flow by name or path (default: inbound) 流程名称或路径",
    )
    command.set_defaults(run=run_simulate)

    command = subparsers.add_parser("test", parents=[common], help="play a flow's rehearsals 演练流程")
    command.add_argument(
        "flow", nargs="?", default=flowfiles.DEFAULT_FLOW, metavar="FLOW", help="flow by name or path 流程名称或路径"
    )
    command.add_argument(
        "-k",
        action="append",
        default=[],
        metavar="WORDS",
        help="only rehearsals with WORDS in name or file 只演练含该词的",
    )
    command.add_argument("-v", "--verbose", action="store_true", help="list every rehearsal 逐个列出")
    command.add_argument("--coverage", action="store_true", help="what of the flow is rehearsed, what not 演练覆盖率")
    command.add_argument("--mutate", action="store_true", help="take out each rule in turn; who notices? 变异测试")
    command.add_argument("--watch", action="store_true", help="again whenever a file of the flow is saved 保存即重演")
    command.add_argument("--junit", metavar="OUT.xml", help="write the outcome as JUnit XML 以 JUnit XML 写出结果")
    command.add_argument("--json", action="store_true", help="as JSON JSON 格式")
    command.set_defaults(run=run_test)

    command = subparsers.add_parser(
        "record", parents=[common], help="make a rehearsal of a real call 由真实通话生成演练"
    )
    command.add_argument("journal", metavar="JOURNAL", help="the call's journal (*.jsonl) 通话日志")
    command.add_argument(
        "--flow", help="flow by name or path (default: the journal's) 流程名称或路径（默认用日志所记）"
    )
    command.add_argument("--name", default="", help="the rehearsal's name (default: the journal's) 演练名称")
    command.add_argument(
        "--out", metavar="FILE", help="write it there (default: standard output) 写到此处（默认标准输出）"
    )
    command.set_defaults(run=run_record)


def _picture(subparsers: Any, common: argparse.ArgumentParser) -> None:
    command = subparsers.add_parser("graph", parents=[common], help="a flow as a picture 流程图")
    command.add_argument(
        "flow", nargs="?", default=flowfiles.DEFAULT_FLOW, metavar="FLOW", help="flow by name or path 流程名称或路径"
    )
    command.add_argument("--format", choices=FORMATS, help="default: as --out ends, else svg 格式")
    command.add_argument("--rules", action="store_true", help="with rules 显示规则")
    command.add_argument("--prompts", action="store_true", help="with prompts 显示提示")
    command.add_argument("--situations", action="store_true", help="with situations 显示情景")
    calls = command.add_mutually_exclusive_group()
    calls.add_argument("--call", metavar="JOURNAL", help="lay the path of this call over it 叠加一通电话的路径")
    calls.add_argument(
        "--heat",
        nargs="+",
        metavar="CALLS",
        help="lay many calls over it: journals, folders, an archive's URL 叠加热度",
    )
    command.add_argument(
        "--out", metavar="FILE", help="write it there (default: standard output) 写到此处（默认标准输出）"
    )
    command.set_defaults(run=run_graph)


def _checks(subparsers: Any, common: argparse.ArgumentParser) -> None:
    command = subparsers.add_parser("lint", parents=[common], help="what is wrong with a flow 检查流程")
    command.add_argument(
        "flow", nargs="*", metavar="FLOW", help="flows by name or path (default: inbound) 流程名称或路径，可多个"
    )
    command.add_argument("--format", choices=("text", "json", "github", "sarif"), default="text", help="输出格式")
    command.add_argument("--fix", action="store_true", help="mend what is sure, in the files themselves 自动修正")
    command.set_defaults(run=run_lint)

    command = subparsers.add_parser(
        "schema", parents=[common], help="the JSON Schema of flow files, for editors 流程文件的 JSON Schema"
    )
    command.set_defaults(run=run_schema)

    command = subparsers.add_parser(
        "coverage", parents=[common], help="which clause of the guides is served by what 条款落实情况"
    )
    command.add_argument(
        "flow", nargs="?", default=flowfiles.DEFAULT_FLOW, metavar="FLOW", help="flow by name or path 流程名称或路径"
    )
    command.add_argument(
        "--open", action="store_true", help="only clauses that something is missing for 只列尚有欠缺的条款"
    )
    command.add_argument("--json", action="store_true", help="as JSON, with every place JSON 格式，含每一处")
    command.set_defaults(run=run_coverage)

    command = subparsers.add_parser(
        "explain", parents=[common], help="why a sentence hits a phrase or not 解释一句话为何命中或未命中"
    )
    command.add_argument("sentence", metavar="SENTENCE", help="what was said 说了什么")
    command.add_argument(
        "--by", choices=("agent", "customer"), default="agent", help="who said it (default: agent) 谁说的（默认坐席）"
    )
    command.add_argument("--flow", help="flow by name or path (default: inbound) 流程名称或路径")
    command.add_argument("--json", action="store_true", help="as JSON JSON 格式")
    command.set_defaults(run=run_explain)


# Each command loads what it needs when it is run: lint alone takes less than the loading of all the others.


def run_simulate(options: argparse.Namespace, language: str) -> int:
    """``callflow simulate``."""
    from callflow.commands import design

    return design.run_simulate(options, language)


def run_test(options: argparse.Namespace, language: str) -> int:
    """``callflow test``."""
    from callflow.commands import rehearse

    return rehearse.run_test(options, language)


def run_record(options: argparse.Namespace, language: str) -> int:
    """``callflow record``."""
    from callflow.commands import rehearse

    return rehearse.run_record(options, language)


def run_graph(options: argparse.Namespace, language: str) -> int:
    """``callflow graph``."""
    from callflow.commands import graph

    return graph.run_graph(options, language)


def run_lint(options: argparse.Namespace, language: str) -> int:
    """``callflow lint``."""
    from callflow.commands import lint

    return lint.run_lint(options, language)


def run_schema(options: argparse.Namespace, language: str) -> int:
    """``callflow schema``."""
    from callflow.commands import lint

    return lint.run_schema(options, language)


def run_coverage(options: argparse.Namespace, language: str) -> int:
    """``callflow coverage``."""
    from callflow.commands import design

    return design.run_coverage(options, language)


def run_explain(options: argparse.Namespace, language: str) -> int:
    """``callflow explain``."""
    from callflow.commands import design

    return design.run_explain(options, language)
