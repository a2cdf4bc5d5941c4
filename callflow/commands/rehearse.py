"""``callflow test``: rehearsals, once or at every change, coverage, mutation, JUnit; and ``callflow record``."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.commands.common import note, plan_of, warn, warn_few
from callflow.design import record as recording
from callflow.design.mutate import Mutant, mutate
from callflow.design.rehearsal_report import junit, mutants_text, render
from callflow.design.rehearse import Outcome, rehearse
from callflow.design.rehearsed import data, rehearsed, table
from callflow.errors import BadFlow, BadInput, CallflowError, OutputError, needed
from callflow.flow.model import Flow
from callflow.flow.rehearsal import Rehearsal
from callflow.journal import read_journal
from callflow.problems import did_you_mean
from callflow.texts import Text, text
from callflow.writing import whole_or_nothing

MOST_LISTED = 40
"""So many rehearsals are listed one by one; of more, a line a file and what failed."""


# ------------------------------------------------------------------------------------------------ test


@dataclass(frozen=True, slots=True)
class _Run:
    """A flow and how its rehearsals went; ``seconds``: how long each file took."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return any(outcome.failures for outcome in self.outcomes)


def run_test(options: argparse.Namespace, language: str) -> int:
    """Play the flow's rehearsals; 1 where one of them fails, or a mutant goes unnoticed."""
    if options.watch:
        return _watch(options, language)
    run = _played(options, language, None)
    return _tell(run, options, language)


def _played(options: argparse.Namespace, language: str, before: _Run | None) -> _Run:
    """Read the flow and play what is asked for; what cannot have changed since ``before`` is not played again."""
    flow, warnings = flowfiles.load(options.flow)
    warn(warnings, language)
    kept: dict[str, list[Outcome]] = {}
    plan: Plan | None = None
    if before and flowfiles.of_calls(before.plan.flow.hashes) == flowfiles.of_calls(flow.hashes):
        plan = replace(before.plan, flow=flow)
        kept = _unchanged(before, flow)
    plan = plan or Plan.of(flow)
    chosen = _chosen(flow.rehearsals, options.k)
    outcomes: list[Outcome] = []
    seconds: dict[str, float] = {}
    for file, rehearsals in _by_file(chosen):
        began = time.perf_counter()
        outcomes += kept[file] if file in kept else [rehearse(one, plan) for one in rehearsals]
        seconds[file] = seconds.get(file, 0.0) + time.perf_counter() - began
    return _Run(plan, tuple(outcomes), seconds)


def _unchanged(before: _Run, flow: Flow) -> dict[str, list[Outcome]]:
    """The outcomes of files of rehearsals that are as they were."""
    same = {file for file, sha in flow.hashes.items() if before.plan.flow.hashes.get(file) == sha}
    kept: dict[str, list[Outcome]] = {}
    for outcome in before.outcomes:
        if outcome.rehearsal.at.file in same:
            kept.setdefault(outcome.rehearsal.at.file, []).append(outcome)
    return kept


def _by_file(rehearsals: Sequence[Rehearsal]) -> Iterator[tuple[str, list[Rehearsal]]]:
    files: dict[str, list[Rehearsal]] = {}
    for one in rehearsals:
        files.setdefault(one.at.file, []).append(one)
    yield from files.items()


def _chosen(rehearsals: Sequence[Rehearsal], words: Sequence[str]) -> tuple[Rehearsal, ...]:
    """The rehearsals with any of ``words`` in their name, file or phrase; all where there are none."""
    chosen = tuple(one for one in rehearsals if not words or any(word in f"{one.at.file}:{one.name}" for word in words))
    if rehearsals and not chosen:
        near = did_you_mean(words[0], [one.name for one in rehearsals])
        given = ", ".join(words)
        raise BadInput(Text(f'no rehearsal has "{given}" in its name{near.en}', f"没有名称含“{given}”的演练{near.zh}"))
    return chosen


def _tell(run: _Run, options: argparse.Namespace, language: str) -> int:
    """Print how it went, and write what is to be written; the exit code."""
    if not run.plan.flow.rehearsals:
        note(text("this flow has no rehearsals", "这个流程没有演练"), language)
        if not (options.json or options.junit or options.mutate):
            return 0
    began = time.perf_counter()
    mutants = list(mutate(run.plan, run.outcomes)) if options.mutate else []
    took = time.perf_counter() - began
    if options.json:
        print(json.dumps(_data(run, mutants, options), ensure_ascii=False, indent=1))
    else:
        each = options.verbose or len(run.outcomes) <= MOST_LISTED
        print(render(run.outcomes, language, each=each))
        if options.coverage:
            print("\n" + table(rehearsed(run.outcomes, run.plan.flow), language))
        if options.mutate:
            print("\n" + mutants_text(mutants, took, language))
    if options.junit:
        with whole_or_nothing(Path(options.junit)) as out:
            out.write(junit(run.outcomes, run.seconds, language))
    return 1 if run.failed or any(not mutant.noticed for mutant in mutants) else 0


def _data(run: _Run, mutants: Sequence[Mutant], options: argparse.Namespace) -> dict[str, Any]:
    failed = [outcome for outcome in run.outcomes if outcome.failures]
    told: dict[str, Any] = {
        "rehearsals": len(run.outcomes),
        "passed": len(run.outcomes) - len(failed),
        "failed": [
            {
                "name": outcome.rehearsal.name,
                "at": str(outcome.rehearsal.at),
                "failures": [
                    {
                        "at": str(one.at),
                        "message": one.message.both(),
                        "details": [detail.both() for detail in one.details],
                    }
                    for one in outcome.failures
                ],
            }
            for outcome in failed
        ],
    }
    if options.coverage:
        told["coverage"] = data(rehearsed(run.outcomes, run.plan.flow))
    if options.mutate:
        told["mutants"] = len(mutants)
        told["unnoticed"] = [
            {"kind": one.kind, "name": one.name, "at": str(one.at)} for one in mutants if not one.noticed
        ]
    return told


# ------------------------------------------------------------------------------------------------ watch


def _watch(options: argparse.Namespace, language: str) -> int:
    """Play at once, and again at every change, until Ctrl-C; a flow that is broken meanwhile is told and waited for."""
    with needed(text("--watch", "--watch "), "design"):
        from watchfiles import Change, watch
    path = flowfiles.find(options.flow)
    folder = path if path.is_dir() else path.parent

    def concerns(_: Change, file: str) -> bool:
        """Editors save beside and rename: so a single file is watched through its folder."""
        changed = Path(file)
        return changed.suffix == ".yaml" and (path.is_dir() or changed.name == path.name)

    run: _Run | None = None
    begun = False
    try:
        # Watched from before the first play on, so that nothing saved meanwhile is missed: hence the empty first turn.
        for changes in watch(
            folder,
            recursive=path.is_dir(),
            watch_filter=concerns,
            debounce=400,
            step=20,
            rust_timeout=200,
            yield_on_timeout=True,
        ):
            if begun and not changes:
                continue
            if changes:
                names = ", ".join(sorted({Path(file).name for _, file in changes}))
                print(f"\n── {time.strftime('%H:%M:%S')}  {names}", flush=True)
            run, begun = _round(options, language, run) or run, True
    except KeyboardInterrupt:
        return 0
    return 0


def _round(options: argparse.Namespace, language: str, before: _Run | None) -> _Run | None:
    """One round of ``--watch``; ``None`` where there was nothing to play."""
    began = time.perf_counter()
    try:
        run = _played(options, language, before)
        _tell(run, options, language)
    except BadFlow as error:
        for problem in error.problems:
            print(problem.in_(language))
        print(error.in_(language), flush=True)
        return None
    except CallflowError as error:
        print(error.in_(language), flush=True)
        return None
    took = time.perf_counter() - began
    print(text("{t:.1f} s; waiting for changes", "用时 {t:.1f} 秒；等待修改", t=took).in_(language), flush=True)
    return run


# ------------------------------------------------------------------------------------------------ record


def run_record(options: argparse.Namespace, language: str) -> int:
    """A rehearsal of a real call, as YAML. Never over another, which somebody may have worked on."""
    if options.out and Path(options.out).exists():
        raise OutputError(
            text("{p} is there already", "{p} 已经存在", p=Path(options.out)),
            text("name another file, or remove it first", "请换一个文件名，或先删除它"),
        )
    journal = read_journal(Path(options.journal))
    warn_few(journal.problems, language)
    plan = plan_of(journal.header.flow or None if options.flow is None else options.flow, language)
    made = recording.record(journal.events, plan, options.name or Path(options.journal).stem)
    for left in made.left_out:
        note(left, language)
    if options.out:
        with whole_or_nothing(Path(options.out)) as out:
            out.write(made.yaml.encode())
    else:
        print(made.yaml, end="")
    return 0
