"""Held-out phrases: whether the engine knows what nobody told it, on words written without sight of the flow's.

``tests/accuracy/heldout`` holds freer ways of saying what the guides ask for, taboos as they are said in annoyance,
customers' words that bring situations about or do not, and near misses of taboos. Each line is played to a ``Guide`` in
a call of its own, after a greeting; what comes of the line itself counts. `scripts/accuracy heldout` runs this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from callflow import plans
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import CallAnswered, Event, Finding, Heard, Match, Situation, Speaker, State
from callflow.flow.model import Flow
from measures import page
from measures.lines import KINDS, ROOT, read

FOLDER = ROOT / "tests" / "accuracy" / "heldout"
RESULTS = ROOT / "tests" / "accuracy" / "results" / "heldout.json"
GREETING = "您好，国资商城物流事业部，很高兴为您服务，请问有什么可以帮到您？"
SYLLABLE, PAUSE = 0.22, 0.6
"""Seconds that a character takes to say, and between two turns."""
UNGREETED = ("customer-greets-first",)
"""Situations that only come before the agent's greeting."""
ORDINARY = "identifying"
"""The state that any words lead to after the greeting: nothing special."""
Json = Mapping[str, Any]

METHOD = """
Written by someone who had the guides and had not seen the flow's wordings, cues, guards or rehearsals, and tuned on
by nobody: two freer ways of saying what each `say` clause asks for (about half of the words kept), each `taboo` as an
annoyed agent says it, five customers' utterances for each situation that words can bring about, {none} ordinary ones
that bring about none, and {silent} near misses of taboos. Each line is a call of its own, played clean as text after
a greeting. *Found* is a line of which a phrase is matched that cites its clause; *warned of*, one that gives a
warning, whichever clause it cites; *recognised*, an utterance that begins its situation or, of a situation that the
flow has as a state, leads to a state that serves its clauses. A situation that is not in the flow counts as missed.
Every line missed is in `tests/accuracy/results/heldout.json`.
"""


def measure(plan: Plan) -> dict[str, Any]:
    """Recall of phrases and situations and false alarms, each with its misses, as JSON."""
    said, cues, silent = (read(FOLDER / f"{name}.yaml") for name in ("said", "cues", "silent"))
    return {
        **{kind: found_lines(plan, kind, said[kind]) for kind in KINDS},
        "situations": recognised_cues(plan, cues["situations"]),
        "none": wrong_situations(plan, cues["none"]),
        "silent": false_alarms(plan, silent),
    }


def played(plan: Plan, speaker: Speaker, said: str, asked: str = "", greeted: bool = True) -> list[Event]:
    """What comes of ``said`` at the beginning of a call, after the customer ``asked`` something."""
    guide = Guide(plan)
    guide.feed(CallAnswered(at=0.0))
    turns: list[tuple[Speaker, str]] = [("agent", GREETING), ("customer", asked), (speaker, said)]
    turns = [turn for turn, wanted in zip(turns, (greeted, asked, True), strict=True) if wanted]
    now, outputs = 0.0, list[Event]()
    for number, (by, text) in enumerate(turns):
        start = now + PAUSE
        now = start + SYLLABLE * sum(char.isalnum() for char in text)
        outputs = guide.feed(Heard(at=now, speaker=by, text=text, start=start, end=now, utterance=f"{by[0]}{number}"))
    return outputs


def warnings(plan: Plan, outputs: list[Event]) -> list[Finding]:
    """What was found against the agent's words: forbidden phrases, and rules that serve a taboo."""
    never = {phrase.name for phrase in plan.flow.phrases.values() if phrase.kind == "never"}
    taboos = {name for name, clause in plan.flow.clauses.items() if clause.kind == "taboo"}
    found = (output for output in outputs if isinstance(output, Finding) and output.verdict == "violated")
    return [finding for finding in found if finding.rule in never or taboos.intersection(finding.refs)]


def begun(outputs: list[Event]) -> list[str]:
    """The situations that began and the states that were entered."""
    situations = [one.name for one in outputs if isinstance(one, Situation) and one.status == "begun"]
    return situations + [f"state {one.to}" for one in outputs if isinstance(one, State) and one.to != ORDINARY]


def found_lines(plan: Plan, kind: str, lines: list[dict[str, str]]) -> dict[str, Any]:
    """Lines of the ``kind`` (say, taboo): how many were found or warned of, and those missed."""
    missed, warned = [], []
    for line in lines:
        outputs = played(plan, "agent", line["text"], line.get("asked", ""))
        warned_of = [finding.rule for finding in warnings(plan, outputs)]
        if warned_of:
            warned.append({**line, "warned of": warned_of})
        if line["clause"] not in _cited(plan, kind, outputs):
            matched = [output.phrase for output in outputs if isinstance(output, Match)]
            missed.append({**line, "matched": matched})
    counts = {"lines": len(lines), "found": len(lines) - len(missed), "warned of": len(warned)}
    return {**counts, "missed": missed, **({"warnings": warned} if kind == "say" else {})}


def _cited(plan: Plan, kind: str, outputs: list[Event]) -> set[str]:
    """The clauses of what was found: of taboos what gave a finding, of lines to say what was matched otherwise."""
    if kind == "taboo":
        return {clause for finding in warnings(plan, outputs) for clause in finding.refs}
    phrases = [plan.flow.phrases[output.phrase] for output in outputs if isinstance(output, Match)]
    return {clause for phrase in phrases if phrase.kind != "never" for clause in phrase.refs}


def known_as(situation: str, flow: Flow) -> tuple[str, ...]:
    """What begins, or is entered, where a situation of the guides (``when`` of clauses) comes up: the situation of that
    name, else the states that serve its clauses."""
    if situation in flow.situations:
        return (situation,)
    due = {clause.id for clause in flow.clauses.values() if clause.when == situation}
    served = {
        name: {*state.refs, *(ref for prompt in state.prompts for ref in prompt.refs)}
        for name, state in flow.states.items()
    }
    return tuple(f"state {name}" for name, refs in served.items() if due & refs)


def recognised_cues(plan: Plan, cues: Mapping[str, list[str]]) -> dict[str, Any]:
    """Customers' cues by situation: how many brought theirs about, and those that did not."""
    known = {name: known_as(name, plan.flow) for name in cues}
    absent = [name for name in cues if not known[name]]
    by_name, missed, total = {}, [], 0
    for name, texts in cues.items():
        failed = []
        for text in texts:
            came = begun(played(plan, "customer", text, greeted=name not in UNGREETED))
            if not any(f"{one}.".startswith(f"{place}.") for one in came for place in known[name]):
                failed.append({"situation": name, "text": text, "came": came})
        by_name[name] = f"{len(texts) - len(failed)}/{len(texts)}"
        missed += failed
        total += len(texts)
    counts = {
        "cues": total,
        "cues of the flow's": total - sum(len(cues[name]) for name in absent),
        "recognised": total - len(missed),
        "another came": sum(bool(one["came"]) for one in missed),
    }
    return {**counts, "not in the flow": absent, "by situation": by_name, "missed": missed}


def wrong_situations(plan: Plan, texts: list[str]) -> dict[str, Any]:
    """Ordinary utterances of customers: those that something was made of."""
    heard = {text: begun(played(plan, "customer", text)) for text in texts}
    wrong = {text: came for text, came in heard.items() if came}
    return {
        "utterances": len(texts),
        "wrong": len(wrong),
        "per 100": round(100 * len(wrong) / len(texts), 1),
        "wrong ones": [{"text": text, "came": came} for text, came in wrong.items()],
    }


def false_alarms(plan: Plan, texts: list[str]) -> dict[str, Any]:
    """What an agent may say: the sentences that were warned of."""
    alarms = list(_alarms(plan, texts))
    sentences = {alarm["text"] for alarm in alarms}
    severe = {alarm["text"] for alarm in alarms if alarm["severity"] in ("severe", "fatal")}
    return {"sentences": len(texts), "alarmed": len(sentences), "severe": len(severe), "alarms": alarms}


def _alarms(plan: Plan, texts: list[str]) -> Iterator[dict[str, str]]:
    for text in texts:
        for finding in warnings(plan, played(plan, "agent", text)):
            said = "".join(evidence.said for evidence in finding.evidence)
            yield {"text": text, "phrase": finding.rule, "severity": finding.severity, "said": said}


def written(results: Json) -> str:
    """The page's part."""
    say, taboo, situations = results["say"], results["taboo"], results["situations"]
    none, silent = results["none"], results["silent"]

    def row(what: str, count: int, of: int) -> list[str]:
        return [what, str(of), str(count), page.percent(count, of)]

    figures = [
        row("freer wordings of what to say: found", say["found"], say["lines"]),
        row("freer wordings of what to say: wrongly warned of", say["warned of"], say["lines"]),
        row("variants of taboos: found", taboo["found"], taboo["lines"]),
        row("variants of taboos: warned of", taboo["warned of"], taboo["lines"]),
        row("customers' cues: recognised", situations["recognised"], situations["cues"]),
        row("the same, of situations that are in the flow", situations["recognised"], situations["cues of the flow's"]),
        row("customers' cues: only something else recognised", situations["another came"], situations["cues"]),
        row("ordinary customer utterances: a situation or state recognised", none["wrong"], none["utterances"]),
        row("near misses of taboos: warned of", silent["alarmed"], silent["sentences"]),
        row("near misses of taboos: warned of as severe", silent["severe"], silent["sentences"]),
    ]
    each = ", ".join(f"{name} {share}" for name, share in situations["by situation"].items())
    absent = ", ".join(situations["not in the flow"]) or "none"
    return "\n\n".join(
        [
            "## Held-out phrases",
            METHOD.format(none=none["utterances"], silent=silent["sentences"]).strip(),
            page.table(["what", "lines", "count", "share"], figures),
            f"Cues recognised by situation: {each}. Not in the flow: {absent}.",
        ]
    )


def main() -> None:
    plan, _ = plans.load()
    results = measure(plan)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    page.put("heldout", written(results))


if __name__ == "__main__":
    main()
