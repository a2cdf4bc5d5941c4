"""``callflow purge``: how long an archive keeps calls."""

from __future__ import annotations

import argparse
import getpass
import re
from datetime import timedelta
from pathlib import Path

from callflow.archive import purge
from callflow.archive.purge import Purged
from callflow.archive.store import Archive
from callflow.commands.common import note
from callflow.commands.places import copies_of_sound
from callflow.errors import BadInput
from callflow.texts import counted, text

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
        if options.dry_run:
            many = purge.count(archive, older_than)
            print(
                text("{c} would be deleted", "将删除 {n} 通通话", n=many, c=counted(many, "call", "calls")).in_(
                    language
                )
            )
            return 0
        done = purge.purge(
            archive, older_than, recordings=folders, copies=copies_of_sound(archive.name), by=at_keyboard()
        )
    deleted = text(
        "{ce} deleted, {re} and journals beside them deleted",
        "已删除 {c} 通通话、{r} 个录音及其日志文件",
        c=done.calls,
        r=done.recordings,
        ce=counted(done.calls, "call", "calls"),
        re=counted(done.recordings, "recording", "recordings"),
    )
    print(deleted.in_(language))
    _tell_what_is_left(done, archive, language)
    return 1 if done.undeletable else 0


def _tell_what_is_left(done: Purged, archive: Archive, language: str) -> None:
    if done.kept:
        left = text(
            "{n} recordings or journals were left: gone already, changed since, or in no folder that was named",
            "保留了 {n} 个录音或日志文件：已不存在、已被更改，或不在所给的文件夹内",
            n=done.kept,
        )
        note(left, language)
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
