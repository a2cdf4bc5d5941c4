"""The parser of the command line: argparse's, but it tells in Chinese too, and of help that could not be written."""

from __future__ import annotations

import argparse
import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_CHINESE = (
    (r"the following arguments are required: (.+)", r"缺少参数：\1"),
    (r"unrecognized arguments: (.+)", r"无法识别的参数：\1"),
    (r"ambiguous option: (.+) could match (.+)", r"选项 \1 不明确，可能是 \2"),
    (r"invalid (?:int|float) value: (.+)", r"\1 不是数字"),
    (r"invalid choice: (.+) \(choose from (.+)\)", r"没有 \1 这个选项（可选：\2）"),
    (r"expected one argument", "后面要跟一个值"),
    (r"expected at least one argument", "后面至少要跟一个值"),
    (r"not allowed with argument (.+)", r"不能与 \1 同用"),
    (r"one of the arguments (.+) is required", r"需要 \1 之一"),
)
"""What argparse complains of. A wording of another Python that is not here stays English."""


class Parser(argparse.ArgumentParser):
    """``language`` is set, for all parsers, before the options are read, which may ask for another one."""

    language = "en"

    def error(self, message: str) -> NoReturn:
        if not self.language.startswith("zh"):
            super().error(message)
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: 错误：{chinese(message)}\n")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Tells when help could not be written; argparse would keep that to itself."""
        if file is sys.stdout and sys.stdout:
            print(message, end="", flush=True)
        else:
            super()._print_message(message, file)


def chinese(message: str) -> str:
    """A complaint of argparse's in Chinese."""
    about = re.fullmatch(r"argument (.+?): (.+)", message, re.DOTALL)
    if about:
        return f"{about[1]}：{chinese(about[2])}"
    for english, words in _CHINESE:
        if found := re.fullmatch(english, message, re.DOTALL):
            return found.expand(words)
    return message


def asked_for(arguments: list[str]) -> str:
    """The language that the arguments ask for, before anybody has read them; ``""`` for none."""
    for option, value in pairwise([*arguments, ""]):
        if option == "--lang" or option.startswith("--lang="):
            asked = value if option == "--lang" else option.removeprefix("--lang=")
            return asked if asked in ("zh", "en") else ""
    return ""
