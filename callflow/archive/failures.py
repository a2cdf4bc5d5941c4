"""What a database says when it refuses, in words that tell what to do."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sqlalchemy import exc

from callflow.errors import ArchiveError, install
from callflow.texts import text

_CHOOSE = text(
    "give a path, sqlite:///PATH or postgresql://USER@HOST/NAME",
    "请给出路径、sqlite:///路径 或 postgresql://用户@主机/库名",
)


def explained(error: exc.DBAPIError, name: str) -> ArchiveError:
    """The error that tells people what a database meant by ``error``."""
    said = str(error.orig).strip()
    for sign, explain in _SIGNS:
        if re.search(sign, said.lower()):
            return explain(name)
    why = said.splitlines()[0] if said else type(error.orig).__name__
    if isinstance(error, exc.OperationalError) and error.connection_invalidated:
        return gone(name, why)
    return ArchiveError(
        text('the archive "{a}" refuses: {w}', "归档库“{a}”拒绝操作：{w}", a=name, w=why),
        text("check that the database is whole and that you may use it", "请检查数据库是否完好、是否有权限"),
    )


def busy(name: str) -> ArchiveError:
    return ArchiveError(
        text('the archive "{a}" is locked by another program', "归档库“{a}”被其他程序锁定", a=name),
        text("wait until it has finished, or end it, and try again", "请等它完成或将其结束后重试"),
    )


def missing(name: str) -> ArchiveError:
    return ArchiveError(
        text('there is no archive at "{a}"', "“{a}”处没有归档库", a=name),
        text(
            "check the path; callflow replay FOLDER --archive makes one, in a folder that exists",
            "请检查路径；callflow replay 文件夹 --archive 会在已有的文件夹中建立归档库",
        ),
    )


def is_folder(name: str) -> ArchiveError:
    return ArchiveError(
        text('"{a}" is a folder', "“{a}”是文件夹", a=name),
        text("name a file in it, such as calls.db", "请给出其中的文件名，如 calls.db"),
    )


def no_archive(name: str) -> ArchiveError:
    return ArchiveError(
        text('"{a}" is not an archive of callflow', "“{a}”不是 callflow 的归档库", a=name),
        text("choose another file or database", "请换一个文件或数据库"),
    )


def damaged(name: str) -> ArchiveError:
    return ArchiveError(
        text('the archive "{a}" is damaged', "归档库“{a}”已损坏", a=name),
        text(
            'take the last backup; without one, save what can be read: sqlite3 "{a}" .recover | sqlite3 saved.db',
            '请取用最近的备份；没有备份时可抢救还能读出的内容：sqlite3 "{a}" .recover | sqlite3 saved.db',
            a=name,
        ),
    )


def disk_fails(name: str) -> ArchiveError:
    return ArchiveError(
        text('the disk of the archive "{a}" does not read or write', "归档库“{a}”所在的磁盘读写出错", a=name),
        text(
            "check the disk; a file on a network drive is better on PostgreSQL",
            "请检查磁盘；网络盘上的文件建议改用 PostgreSQL",
        ),
    )


def unopened(name: str) -> ArchiveError:
    """SQLite says no more than that it cannot: mostly nobody may write there."""
    if not os.access(Path(name).parent, os.W_OK):
        return read_only(name)
    return ArchiveError(
        text('the archive "{a}" cannot be opened', "无法打开归档库“{a}”", a=name),
        text(
            "check that this user may read and write it, and that not too many files are open (ulimit -n)",
            "请检查对该文件的读写权限，以及打开的文件是否过多（ulimit -n）",
        ),
    )


def read_only(name: str) -> ArchiveError:
    return ArchiveError(
        text('the archive "{a}" cannot be written: it is read-only', "归档库“{a}”只读，无法写入", a=name),
        text(
            "give this user the right to write it and its folder, or copy it to a disk that can be written",
            "请授予对该文件及其文件夹的写权限，或复制到可写的磁盘",
        ),
    )


def full(name: str) -> ArchiveError:
    return ArchiveError(
        text(
            'no space is left for the archive "{a}"; nothing was changed', "归档库“{a}”空间不足，未做任何更改", a=name
        ),
        text("free some space and try again", "请腾出空间后重试"),
    )


def gone(name: str, why: str = "") -> ArchiveError:
    return ArchiveError(
        text('cannot reach the archive "{a}"{w}', "无法连接归档库“{a}”{w}", a=name, w=f": {why}" if why else ""),
        text("check that the database server runs, and its address", "请检查数据库服务器是否运行及其地址"),
    )


def refused(name: str) -> ArchiveError:
    return ArchiveError(
        text('the server of "{a}" does not let us in', "“{a}”的服务器拒绝登录", a=name),
        text(
            "check user and password, and that its pg_hba.conf lets this computer in",
            "请检查用户名和密码，以及服务器的 pg_hba.conf 是否允许本机登录",
        ),
    )


def not_now(name: str) -> ArchiveError:
    return ArchiveError(
        text('the server of "{a}" lets nobody in at the moment', "“{a}”的服务器暂时无法登录", a=name),
        text(
            "it starts, stops, or is full (max_connections): try again in a minute",
            "它正在启动、停止，或连接已满（max_connections）：请一分钟后重试",
        ),
    )


def no_rights(name: str) -> ArchiveError:
    return ArchiveError(
        text('this user may not use the archive "{a}"', "该用户无权使用归档库“{a}”", a=name),
        text("let its owner grant the rights on all tables", "请由所有者授予全部表的权限"),
    )


def no_database(name: str) -> ArchiveError:
    return ArchiveError(
        text('there is no database "{a}" on its server', "服务器上没有数据库“{a}”", a=name),
        text("make it: createdb NAME", "请先建立：createdb 库名"),
    )


def wrong_address(scheme: str) -> ArchiveError:
    return ArchiveError(
        text(
            'an archive cannot have an address that begins with "{s}://"',
            "归档库地址不能以“{s}://”开头或不完整",
            s=scheme,
        ),
        _CHOOSE,
    )


def no_psycopg() -> ArchiveError:
    return ArchiveError(
        text(
            "an archive on PostgreSQL needs psycopg, which is not installed", "PostgreSQL 归档库需要 psycopg，尚未安装"
        ),
        install("postgres"),
    )


_SIGNS = (
    (r"\bis locked", busy),
    ("lock timeout", busy),
    ("could not serialize access", busy),
    ("readonly database", read_only),
    ("read-only", read_only),
    ("unable to open database file", unopened),
    ("database or disk is full", full),
    ("no space left", full),
    ("not a database", no_archive),
    ("malformed", damaged),
    ("disk i/o error", disk_fails),
    ("password authentication failed", refused),
    ("no password supplied", refused),
    ("no pg_hba.conf entry", refused),
    ('role ".*" does not exist', refused),
    ('database ".*" does not exist', no_database),
    ("too many clients", not_now),
    ("connection slots are reserved", not_now),
    ("the database system is", not_now),
    ("permission denied for", no_rights),
    ("connection refused", gone),
    ("could not translate host name", gone),
    ("name or service not known", gone),
    ("name resolution", gone),
    ("connection timeout", gone),
    ("failed to resolve host", gone),
    ("no such file or directory", gone),
    ("server closed the connection", gone),
    ("terminating connection", gone),
)
"""What SQLite and PostgreSQL say, in lower case, and what it means: the first pattern that fits counts."""
