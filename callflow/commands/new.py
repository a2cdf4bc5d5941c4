"""``callflow new``: a flow for a new business, from a template and the answers to a few questions."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from callflow.commands.common import note
from callflow.design import new
from callflow.errors import BadFlow, BadInput, OutputError
from callflow.texts import Text, refused, text
from callflow.writing import new_folder

MOST_BYTES = 100_000
"""Largest file of answers."""


def run_new(options: argparse.Namespace, language: str) -> int:
    """Ask, make the files, try them, and only then write them: all of them, into a folder that was not there."""
    folder = Path(options.name)
    _check_place(folder)
    template = new.template(options.template)
    answers = _read(Path(options.answers), template) if options.answers else _ask(template, language)
    files = new.files_of(template, answers)
    passed = new.check(files, folder.name)
    new_folder(folder, files)
    made = text(
        "{f}: {n} files; all {r} rehearsals pass",
        "{f}：{n} 个文件，{r} 个演练全部通过",
        f=folder,
        n=len(files),
        r=passed,
    )
    print(made.in_(language))
    note(
        text("next: callflow test {f}; callflow lint {f}", "接下来：callflow test {f}；callflow lint {f}", f=folder),
        language,
    )
    return 0


def _check_place(folder: Path) -> None:
    """Find out before the questions that the answers could not be used."""
    if not folder.name or folder.name.startswith("."):
        raise BadInput(
            text('"{n}" is no name for a flow', "“{n}”不能作流程名", n=folder), text("give it a word", "请给一个名字")
        )
    if folder.exists() or folder.is_symlink():
        raise OutputError(
            text('"{f}" is there already', "“{f}”已存在", f=folder), text("choose another name", "请换个名字")
        )
    if not folder.parent.is_dir():
        raise OutputError(
            text('no folder "{f}" to put it in', "没有文件夹“{f}”", f=folder.parent),
            text("make the folder first", "请先建立文件夹"),
        )


def _read(path: Path, template: new.Template) -> new.Answers:
    try:
        with open(path, "rb") as opened:
            source = opened.read(MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = text('"{p}" is no UTF-8 text', "“{p}”不是 UTF-8 文本", p=path)
        raise BadInput(bad, text("save the file as UTF-8", "请以 UTF-8 保存")) from error
    except OSError as error:
        raise BadInput(text('cannot read "{p}": {w}', "无法读取“{p}”：{w}", p=path, w=refused(error))) from error
    answers, problems = new.read_answers(source, path.name, template)
    if problems:
        raise BadFlow(text("{p} has mistakes; nothing was written", "{p} 有错误，未写出任何文件", p=path), problems)
    return answers


def _ask(template: new.Template, language: str) -> new.Answers:
    """Each question until it is answered; an empty line takes what stands in brackets."""
    answers: new.Answers = {}
    for question in template.questions:
        default = new.default_of(question, answers)
        shown = f" [{_shown(default, language)}]" if default else f"（{question.example}）" if question.example else ""
        while question.name not in answers:
            given = _line(f"{question.ask.in_(language)}{shown}: ") or default
            answer = new.answer(question, given)
            if isinstance(answer, Text):
                note(answer, language)
            else:
                answers[question.name] = answer
    return answers


def _shown(default: str, language: str) -> str:
    words = {"yes": text("yes", "是"), "no": text("no", "否")}
    return words[default].in_(language) if default in words else default


def _line(prompt: str) -> str:
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline() if sys.stdin else ""
    if not line:
        print(file=sys.stderr)
        raise BadInput(
            text("the questions were not answered; nothing was written", "问题没有回答完，未写出任何文件"),
            text(
                "answer them, or give a file: --answers answers.yaml",
                "请回答，或用 --answers answers.yaml 给出答案文件",
            ),
        )
    return line.strip()
