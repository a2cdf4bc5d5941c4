"""Damages flow files at random and reads them: no crash, no hang, no words of Python's in what people are told.

``.venv/bin/python scripts/fuzz_flow.py 100000 [SEED]`` prints what came of it; 1 where anything went wrong. Every input
is a piece of a real flow (the bundled ones, and the cases of the tests) after one to five accidents. It is read; what
still reads is compiled, checked by ``lint``, and mended by what ``--fix`` would do. An input that fails is printed.
"""

from __future__ import annotations

import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.lint import CHECKS, inspect
from callflow.design.lint.formats import FORMATS
from callflow.design.lint.mend import mend
from callflow.design.reference import example_files, examples
from callflow.errors import BadFlow
from callflow.flow.read import read_flow
from callflow.problems import Problem

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 10
"""Seconds after which an input hangs."""
PYTHON = re.compile(r"Traceback|\w+(Error|Exception)\b|object at 0x|<class |NoneType|\bself\b")
SIGNS = [
    *(
        "a",
        ":",
        ": ",
        "：",
        "-",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "|",
        ">",
        "&a ",
        "*a",
        "!",
        "!!str ",
        "%",
        "@",
    ),
    *(
        "#",
        " #",
        "?",
        "? ",
        "\n",
        "\r\n",
        "\t",
        "  ",
        "\\",
        "~",
        "null",
        "true",
        "(",
        ")",
        "（",
        "｜",
        "{客户}",
        "{",
        "你",
    ),
    *("\ufeff", "\u2028", "\x85", "\u3000", "\x00", "\x07", "\ud800", "😀", "...", "---", "<<: ", "nan", "1e999", "-1"),
    *("9" * 400, "0x10", "after 0s", "previous", "agent speaks", "state", "field", "(" * 50, "[a" * 60, "{a: " * 45),
    *("(a|b)" * 12, "# lint: allow ", "# lint: allow dead-end because", "〈x〉", "%s", "{0}", "{", "}", "{{}}"),
]
HEAD = "flow: {start: talk, on: {call.hung_up: ended}}\nstates: {talk: {}, ended: {final: true}}\n"


EVERY_KEY = (ROOT / "tests" / "flow" / "every_key.yaml").read_text(encoding="utf-8")


def corpus() -> list[str]:
    """The text of every flow there is."""
    paths = [*flowfiles.flows_folder().rglob("*.yaml"), *(ROOT / "tests" / "flow" / "cases").glob("*.yaml")]
    return [EVERY_KEY, *(path.read_text(encoding="utf-8") for path in sorted(paths))]


def chosen(sources: list[str], whole: list[dict[str, str]], chance: random.Random) -> dict[str, str]:
    """An input before the accidents, which happen to ``a.yaml``; half of them make a flow by themselves."""
    kind = chance.random()
    if kind < 0.4:
        return dict(chance.choice(whole))
    return {"a.yaml": EVERY_KEY if kind < 0.5 else piece(sources, chance)}


def piece(sources: list[str], chance: random.Random) -> str:
    """A whole file, or some entries of one under their section."""
    lines = chance.choice(sources).splitlines(keepends=True)
    if len(lines) < 80 or chance.random() < 0.05:
        return "".join(lines)
    start = chance.randrange(len(lines))
    section = next((line for line in reversed(lines[: start + 1]) if re.match(r"\w+:", line)), "")
    first = next((n for n in range(start, len(lines)) if re.match(r"  \S", lines[n])), start)
    return HEAD * (chance.random() < 0.7) + section + "".join(lines[first : first + chance.randrange(5, 50)])


def damaged(source: str, words: list[str], chance: random.Random) -> str:
    """``source`` after one to five accidents."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        start = chance.randrange(len(source) + 1)
        end = min(len(source), start + chance.randrange(30))
        lines = source.splitlines(keepends=True) or [""]
        row = chance.randrange(len(lines))
        match chance.randrange(12):
            case 0:
                source = source[:start] + source[end:]
            case 1:
                source = source[:start] + chance.choice(SIGNS) + source[start:]
            case 2:
                source = source[:start] + chance.choice(SIGNS) + source[end:]
            case 3:
                source = source[:start] + source[start:end] * 2 + source[end:]
            case 4:  # another indent
                lines[row] = " " * chance.randrange(9) + lines[row].lstrip(" ")
                source = "".join(lines)
            case 5:  # a line elsewhere
                lines.insert(chance.randrange(len(lines)), lines.pop(row))
                source = "".join(lines)
            case 6:  # another word
                found = list(re.finditer(r"[\w.-]+", lines[row]))
                if found:
                    word = chance.choice(found)
                    lines[row] = lines[row][: word.start()] + chance.choice(words) + lines[row][word.end() :]
                source = "".join(lines)
            case 7:  # one sign another
                source = source[:start] + chr(chance.choice((chance.randrange(256), chance.randrange(0x110000))))
                source += source[end:] if chance.random() < 0.9 else ""
            case 8:
                source = source[:start]
            case _:  # within words that are said
                places = [found.end() for found in re.finditer("[\u4e00-\u9fff]", source)] or [0]
                at = chance.choice(places)
                source = (
                    source[:at]
                    + "".join(chance.choices("你吗不没我，。？1a( )[]|（）", k=chance.randint(1, 6)))
                    + source[at:]
                )
    return source


def attempt(files: dict[str, str]) -> str:
    """Read, compile, check and mend; returns what became of it."""
    source = files["a.yaml"]
    flow, problems = read_flow(files, "fuzz")
    plan = None
    if flow is not None:
        try:
            plan = Plan.of(flow)
        except BadFlow as error:
            problems = [*problems, *error.problems]
    found = inspect(plan, problems, files)
    told = "\n".join(FORMATS[name](found, language, {}) for name in FORMATS for language in ("en", "zh"))
    if (wrong := PYTHON.search(told)) and wrong[0] not in source:
        raise AssertionError(f"told in words of Python: {wrong[0]}")
    check(found, files)
    mend(files, found)
    return "flow" if plan else "problems"


def check(found: list[Problem], files: dict[str, str]) -> None:
    """Every Problem has a place in its file and says something in both languages."""
    for problem in found:
        last = len(files.get(problem.at.file, "").splitlines()) + 1
        if not (0 <= problem.at.line <= last and problem.message.en and problem.message.zh and problem.rule):
            raise AssertionError(f"no place, or no words: {problem}")


def hang(_number: int, _frame: object) -> None:
    raise TimeoutError(f"still at it after {LONGEST} s")


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    sources = corpus()
    words = sorted({word for source in sources for word in re.findall(r"[\w.-]+", source)})
    whole = [example_files(body) for one in CHECKS for _, body in examples(one)]
    signal.signal(signal.SIGALRM, hang)
    outcomes: Counter[str] = Counter()
    slowest, began = 0.0, time.monotonic()
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        files = chosen(sources, whole, chance)
        files["a.yaml"] = damaged(files["a.yaml"], words, chance)
        signal.alarm(LONGEST)
        start = time.monotonic()
        try:
            outcomes[attempt(files)] += 1
        except Exception:  # whatever it is, it is what we look for
            outcomes["failed"] += 1
            print(f"--- input {number} of seed {seed}\n{files!r}\n{traceback.format_exc()}", flush=True)
        finally:
            signal.alarm(0)
        slowest = max(slowest, time.monotonic() - start)
    took = time.monotonic() - began
    print(f"{count} inputs in {took:.0f} s: {dict(outcomes)}; slowest {slowest:.2f} s")
    return 1 if outcomes["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
