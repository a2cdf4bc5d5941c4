"""Words shown to people, in Chinese and English side by side.

Every message a person may read is written once, in both languages, at the place that knows what happened.
The command line chooses the language when it prints.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """One message in both languages. ``str()`` gives English, which is what logs and exceptions show."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def in_(self, language: str) -> str:
        """The message in ``language``: ``"zh"`` or ``"en"``; anything else reads as English."""
        return self.zh if language.startswith("zh") else self.en

    def both(self) -> dict[str, str]:
        """The message for programs: ``{"en": …, "zh": …}``."""
        return {"en": self.en, "zh": self.zh}


def text(en: str, zh: str, **values: object) -> Text:
    """Build a ``Text``, filling ``{name}`` slots in both languages from ``values``, of a ``Text`` each in its own."""
    if not values:
        return Text(en, zh)
    values = {name: short(value) if isinstance(value, PurePath) else value for name, value in values.items()}
    chinese = {name: value.zh if isinstance(value, Text) else value for name, value in values.items()}
    return Text(en.format(**values), zh.format(**chinese))


def counted(number: int, one: str, many: str) -> str:
    """How many of something, in English: ``1 call``, ``1,200 calls``."""
    return f"{number:,} {one if number == 1 else many}"


def short(path: PurePath) -> str:
    """A path in a message: what is longer than any name can be is not echoed whole."""
    shown = str(path)
    return shown if len(shown) <= 2 * _ENDS else f"{shown[:_ENDS]}…{shown[-_ENDS:]}"


_ENDS = 150
_REFUSALS = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许这样做",
    errno.ENOSPC: "磁盘空间已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EFBIG: "文件过大",
    errno.EISDIR: "这是一个文件夹",
    errno.ENOTDIR: "路径中有一项不是文件夹",
    errno.EROFS: "磁盘是只读的",
    errno.EEXIST: "已存在同名文件",
    errno.EMFILE: "打开的文件过多",
    errno.ENAMETOOLONG: "名字太长",
    errno.EIO: "读写出错",
    errno.EADDRINUSE: "端口已被占用",
    errno.ECONNREFUSED: "连接被拒绝",
    errno.ETIMEDOUT: "连接超时",
}


def refused(error: OSError) -> Text:
    """Why the system did not do it; its own words are English, and stand where we have no others."""
    why = error.strerror or str(error) or type(error).__name__
    return Text(why, _REFUSALS.get(error.errno or 0, why))


def printable(message: str) -> str:
    """``message`` as one line that a terminal only shows: what people named may hold line breaks or escape codes."""
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "\ufffd" for sign in message)
