"""``callflow purge``: how long an archive keeps calls."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from datetime import timedelta
from pathlib import Path

from callflow.archive import purge
from callflow.archive.purge import Purged
from callflow.archive.store import Archive
from callflow.commands.common import note
from callflow.commands.places import copies_of_sound
from callflow.errors import BadInput
from callflow.texts import Text, counted, text

_DAYS = {"d": 1, "w": 7, "y": 365}
_OLDEST = 36_500
SHOWN = 20
"""Files that could not be deleted that are named; of more only the number is told."""


def run_purge(options: argparse.Namespace, language: str) -> int:
    """Delete what is older than the archive should keep."""
    older_than = age(options.older_than)
    folders = [Path(name) for name in options.recordings or ()]
    for folder in folders:
        if not folder.is_dir():
            raise BadInput(text('--recordings: no such folder: "{p}"', "--recordings：没有这个文件夹：“{p}”", p=folder))
    with Archive.open(options.archive, create=False) as archive:
        if not options.dry_run and not options.yes and not _agreed(purge.count(archive, older_than), folders, language):
            return 1
        copies, by = copies_of_sound(archive.name), at_keyboard()
        done = purge.purge(archive, older_than, recordings=folders, copies=copies, by=by, dry_run=options.dry_run)
    print(_deleted(done, bool(folders), options.dry_run).in_(language))
    if folders:
        _tell_what_is_kept(done, language)
    if not options.dry_run:
        _tell_what_is_left(done, archive, language)
    return 1 if done.undeletable else 0


def _agreed(calls: int, folders: list[Path], language: str) -> bool:
    """Whether somebody at a terminal says yes; where nobody can be asked, the command itself is a yes."""
    if not calls or not sys.stdin or not sys.stdin.isatty():
        return True
    many = counted(calls, "call", "calls")
    question = text("delete {c} for good? (yes/no) ", "彻底删除 {n} 通通话？（yes/no）", c=many, n=calls)
    if folders:
        named = ", ".join(map(str, folders))
        question = text(
            "delete {c} for good, with their recordings and journals in {f}? (yes/no) ",
            "彻底删除 {n} 通通话，连同 {f} 中的录音和日志？（yes/no）",
            c=many,
            n=calls,
            f=named,
        )
    print(question.in_(language), end="", file=sys.stderr, flush=True)
    agreed = sys.stdin.readline().strip().lower() in ("y", "yes", "是")
    if not agreed:
        note(text("nothing was deleted", "未删除任何内容"), language)
    return agreed


def _deleted(done: Purged, with_files: bool, dry_run: bool) -> Text:
    values = {
        "c": done.calls,
        "r": done.recordings,
        "ce": counted(done.calls, "call", "calls"),
        "re": counted(done.recordings, "recording", "recordings"),
    }
    if not dry_run:
        return text(
            "{ce} deleted, {re} and journals beside them deleted",
            "已删除 {c} 通通话、{r} 个录音及其日志文件",
            **values,
        )
    if not with_files:
        return text("{ce} would be deleted", "将删除 {c} 通通话", **values)
    return text(
        "{ce} and {re} and journals beside them would be deleted",
        "将删除 {c} 通通话、{r} 个录音及其日志文件",
        **values,
    )


def _tell_what_is_kept(done: Purged, language: str) -> None:
    """Which recordings and journals stay though their calls go."""
    for why in done.left:
        note(why, language)
    if done.kept:
        left = text(
            "{n} recordings or journals are left: gone already, changed since, or in no folder that was named",
            "保留了 {n} 个录音或日志文件：已不存在、已被更改，或不在所给的文件夹内",
            n=done.kept,
        )
        note(left, language)


def _tell_what_is_left(done: Purged, archive: Archive, language: str) -> None:
    for why in done.undeletable[:SHOWN]:
        note(why, language)
    if done.undeletable:
        stay = text(
            "{n} files cannot be deleted, and their calls stay: give this user the right to, and purge again",
            "{n} 个文件无法删除，相应通话已保留：请授予删除权限后重新清除",
            n=len(done.undeletable),
        )
        note(stay, language)
    if not archive.sqlite:
        elsewhere = text(
            "copies of sound to play were looked for in {p}; if callflow serve runs as another user or on another "
            "machine, run this command there, too",
            "仅清理了 {p} 中的播放副本；若 callflow serve 由其他用户或在其他机器上运行，请在那里也运行本命令",
            p=copies_of_sound(archive.name),
        )
        note(elsewhere, language)
    if not done.wiped:
        busy = text(
            "others use the archive, so that the disk still holds what was deleted: purge again when they have ended",
            "归档库正被其他程序使用，已删除的内容仍留在磁盘上：请待其结束后再次清除",
        )
        note(busy, language)


def age(written: str) -> timedelta:
    """``90d``, ``12w`` or ``2y`` as a time. Raises ``BadInput``."""
    found = re.fullmatch(r"([0-9]{1,6})([dwy])", written.strip().lower())
    days = int(found[1]) * _DAYS[found[2]] if found else 0
    if not 1 <= days <= _OLDEST:
        raise BadInput(
            text('"{w}" is not an age', "“{w}”不是有效的时长", w=written),
            text("write 90d, 12w or 2y: days, weeks or years", "请写 90d、12w 或 2y：天、周或年"),
        )
    return timedelta(days=days)


def at_keyboard() -> str:
    """Who sits at the keyboard, for the audit log."""
    try:
        return f"command line ({getpass.getuser()})"
    except (OSError, KeyError):
        return "command line"
