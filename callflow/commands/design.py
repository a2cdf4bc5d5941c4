"""What a designer of flows asks: ``simulate``, ``coverage`` and ``explain``."""

from __future__ import annotations

import argparse
import json
import sys

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.commands.common import Few, note, plan_of, warn
from callflow.commands.console import Console
from callflow.design import coverage_table, explain_text
from callflow.design.coverage import coverage
from callflow.design.simulate import simulate
from callflow.errors import BadInput
from callflow.journal import lines_of
from callflow.phrases.explain import explain
from callflow.texts import text

MOST_EXPLAINED = 120
"""Characters of a sentence to explain: near misses of every wording are looked for, which takes its time."""


def run_simulate(options: argparse.Namespace, language: str) -> int:
    plan = plan_of(options.flow, language)

    def say(line: str) -> None:
        print(line, flush=True)

    lines = lines_of(sys.stdin.buffer) if sys.stdin else ()
    with Few(language) as few:
        return 0 if simulate(lines, plan, say, few.tell) else 2


def run_coverage(options: argparse.Namespace, language: str) -> int:
    """Which clause is served by what; 1 where one is open."""
    flow, warnings = flowfiles.load(flowfiles.DEFAULT_FLOW if options.flow is None else options.flow)
    warn(warnings, language)
    rows = coverage(Plan.of(flow))
    missing = [row for row in rows if row.open]
    if options.json:
        print(json.dumps(coverage_table.data(missing if options.open else rows), ensure_ascii=False, indent=1))
        return 1 if missing else 0
    if not rows:
        note(text("this flow names no clauses", "这个流程没有列出条款"), language)
        return 0
    console = Console(highlight=False)
    if missing or not options.open:
        console.print(coverage_table.shown(missing if options.open else rows, language, console), soft_wrap=True)
    for line in coverage_table.still_open(rows, language):
        console.print(line, markup=False, soft_wrap=True)
    console.print(coverage_table.summary(rows).in_(language))
    return 1 if missing else 0


def run_explain(options: argparse.Namespace, language: str) -> int:
    """Why a sentence hits which phrases; 1 where it hits none."""
    if len(options.sentence) > MOST_EXPLAINED:
        raise BadInput(
            text(
                "the sentence is too long to explain: {n} characters at most",
                "句子太长：最多 {n} 个字",
                n=MOST_EXPLAINED,
            ),
            text("give the part of it that is in question", "请只给出有疑问的部分"),
        )
    if not any(char.isalnum() for char in options.sentence):
        raise BadInput(
            text("nothing to explain: the sentence has no words", "没有可解释的内容：句子里没有字"),
            text(
                'give what was said: callflow explain "这事不归我管"', "请给出说的话：callflow explain “这事不归我管”"
            ),
        )
    plan = plan_of(options.flow, language)
    found = explain(plan.book, plan.flow.slots, options.sentence, options.by)
    sounds = plan.sounds.names(plan.book.keys(options.sentence).key)
    if options.json:
        print(json.dumps(explain_text.data(options.sentence, sounds, found), ensure_ascii=False, indent=1))
    else:
        print(explain_text.render(options.sentence, sounds, found, language, plan.sounds.folds))
    return 0 if any(one.verdict == "said" for one in found) else 1
