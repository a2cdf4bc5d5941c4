"""How rehearsals went, for people and for JUnit's readers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import groupby
from xml.etree import ElementTree as xml

from callflow.design.mutate import Mutant
from callflow.design.rehearse import Outcome
from callflow.design.rehearsed import KINDS
from callflow.texts import printable, text


def render(outcomes: Iterable[Outcome], language: str, *, each: bool = True) -> str:
    """Outcomes as lines for people: one a rehearsal, or (``each`` false) a file and a failed rehearsal; what failed
    with its place and what happened instead; and a count."""
    kept = list(outcomes)
    lines = [line for outcome in kept for line in _lines(outcome, language)] if each else list(_by_file(kept, language))
    passed = sum(not outcome.failures for outcome in kept)
    count = text("{p} of {t} rehearsals passed", "{t} 个演练，{p} 个通过", p=passed, t=len(kept))
    return "\n".join([*lines, count.in_(language)])


def _by_file(outcomes: Sequence[Outcome], language: str) -> Iterator[str]:
    for file, group in groupby(outcomes, key=lambda outcome: outcome.rehearsal.at.file):
        played = list(group)
        failed = [outcome for outcome in played if outcome.failures]
        passed = len(played) - len(failed)
        yield f"✗ {file}  {passed}/{len(played)}" if failed else f"✓ {file}  {passed}"
        for outcome in failed:
            yield from ("  " + line for line in _lines(outcome, language))


def _lines(outcome: Outcome, language: str) -> Iterator[str]:
    yield printable(f"{'✗' if outcome.failures else '✓'} {outcome.rehearsal.name}")
    for failure in outcome.failures:
        yield printable(f"    {failure.at}: {failure.message.in_(language)}")
        for detail in failure.details:
            yield "        " + printable(detail.in_(language))


def junit(outcomes: Sequence[Outcome], seconds: Mapping[str, float], language: str) -> bytes:
    """The outcomes as JUnit XML: a suite a file, a case a rehearsal. ``seconds``: how long each file took."""
    top = xml.Element("testsuites", {"name": "callflow", **_counts(outcomes, sum(seconds.values()))})
    for file, group in groupby(outcomes, key=lambda outcome: outcome.rehearsal.at.file):
        played = list(group)
        suite = xml.SubElement(top, "testsuite", {"name": printable(file), **_counts(played, seconds.get(file, 0.0))})
        for outcome in played:
            at = outcome.rehearsal.at
            name, where = printable(outcome.rehearsal.name), printable(at.file)
            case = xml.SubElement(suite, "testcase", classname=where, name=name, file=where, line=str(at.line))
            if outcome.failures:
                failure = xml.SubElement(case, "failure", message=printable(outcome.failures[0].message.in_(language)))
                failure.text = "\n".join(list(_lines(outcome, language))[1:])
    xml.indent(top)
    written = BytesIO()
    xml.ElementTree(top).write(written, encoding="utf-8", xml_declaration=True)
    return written.getvalue() + b"\n"


def _counts(outcomes: Sequence[Outcome], seconds: float) -> dict[str, str]:
    failed = sum(bool(outcome.failures) for outcome in outcomes)
    return {"tests": str(len(outcomes)), "failures": str(failed), "errors": "0", "time": f"{seconds:.3f}"}


def mutants_text(mutants: Sequence[Mutant], seconds: float, language: str) -> str:
    """What was taken out without anybody noticing, with its place, and a count."""
    unnoticed = [mutant for mutant in mutants if not mutant.noticed]
    missing = text("no rehearsal notices where this is taken out:", "去掉以下内容，没有演练会失败：")
    lines = [missing.in_(language)] if unnoticed else []
    lines += [printable(f"  {one.at}: {KINDS[one.kind].in_(language)} {one.name}") for one in unnoticed]
    count = text(
        "{n} of {t} mutants noticed ({p} plays, {s:.1f} s)",
        "共 {t} 个变异，{n} 个被发现（重演 {p} 次，{s:.1f} 秒）",
        n=len(mutants) - len(unnoticed),
        t=len(mutants),
        p=sum(mutant.plays for mutant in mutants),
        s=seconds,
    )
    return "\n".join([*lines, count.in_(language)])
