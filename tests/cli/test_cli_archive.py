"""callflow users and callflow purge as commands."""

import hashlib
import os
import pty
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from archive_samples import call
from commandline import callflow, complaint, environment

from callflow.archive import calls, logins, machines
from callflow.archive.store import Archive
from callflow.archive.tables import Team
from callflow.commands.archive import age
from callflow.errors import BadInput

PASSWORD = b"a sentence to remember\n"


def users(tmp_path: Path, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    done = callflow("users", *arguments, "--archive", "calls.db", cwd=tmp_path, given=given)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_life_of_a_user(tmp_path: Path) -> None:
    added = users(tmp_path, "add", "anna", "--role", "admin", given=PASSWORD)
    assert added == (0, "anna may log in as administrator\n", "")
    code, out, told = users(tmp_path, "add", "lead", "--team", "华东", given=PASSWORD)
    assert (code, out) == (0, "lead may log in as supervisor\n")
    assert told == 'no call so far has a team "华东"\n'
    assert users(tmp_path, "disable", "lead") == (0, "lead may no longer log in\n", "")
    code, out, _ = users(tmp_path, "list")
    assert code == 0
    assert out == "anna  administrator\nlead  supervisor     华东  disabled\n"
    assert users(tmp_path, "password", "anna", given=b"another sentence\n")[0] == 0
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        assert logins.log_in(archive, "anna", "another sentence")
        with pytest.raises(logins.LoginRefused):
            logins.log_in(archive, "lead", PASSWORD.decode().strip())


def test_a_user_is_changed_and_removed(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        calls.add(archive, [call(1)])
    told = users(tmp_path, "add", "lead", "--team", "华冻", given=PASSWORD)[2]
    assert told == 'no call so far has a team "华冻" — did you mean "华东"?\n'
    assert users(tmp_path, "change", "lead", "--team", "华东", "--reveal") == (0, "lead is changed\n", "")
    assert users(tmp_path, "list", "--lang", "zh")[1] == "lead  主管  华东  可见完整号码\n"
    with Archive.open(str(tmp_path / "calls.db")) as archive, archive.read() as session:
        assert session.scalars(sa.select(Team.name)).all() == ["华东"], "the slip is nothing to choose on pages"
    assert users(tmp_path, "change", "lead", "--role", "agent")[0] == 2, "whose calls?"
    assert users(tmp_path, "change", "lead", "--role", "agent", "--agent", "1001", "--no-reveal")[0] == 0
    assert users(tmp_path, "list")[1].split() == ["lead", "agent", "1001"]
    code, _, told = users(tmp_path, "change", "lead")
    assert (code, complaint(told)[0].startswith("users change: what is to change?")) == (2, True)
    assert users(tmp_path, "remove", "lead") == (0, "lead is removed\n", "")
    assert users(tmp_path, "list")[1] == ""


def test_tokens_of_the_wall_are_for_agents_and_can_be_revoked(tmp_path: Path) -> None:
    assert users(tmp_path, "add", "anna", "--role", "admin", given=PASSWORD)[0] == 0
    assert users(tmp_path, "add", "bea", "--role", "agent", "--agent", "1001", given=PASSWORD)[0] == 0
    code, _, told = users(tmp_path, "wall-token", "anna")
    assert code == 2
    assert "no agent" in told
    code, token, _ = users(tmp_path, "wall-token", "bea")
    assert code == 0
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        found = machines.machine(archive, token.strip())
        assert found is not None
        assert (found.user_name, found.agent) == ("bea", "1001")
        assert users(tmp_path, "wall-revoke", "bea")[0] == 0
        assert machines.machine(archive, token.strip()) is None


def test_a_password_is_asked_for_on_a_terminal_and_not_shown(tmp_path: Path) -> None:
    main, side = pty.openpty()
    command = [sys.executable, "-m", "callflow", "users", "add", "anna", "--role", "admin", "--archive", "calls.db"]
    with subprocess.Popen(
        command, stdin=side, stdout=side, stderr=side, cwd=tmp_path, env=environment(), start_new_session=True
    ) as process:
        shown = b""
        for _ in range(2):
            while not shown.endswith(b": "):
                shown += os.read(main, 1_000)
            time.sleep(0.1)
            os.write(main, PASSWORD)
            shown += os.read(main, 1_000)
        assert process.wait(timeout=30) == 0
    os.close(side)
    os.close(main)
    assert b"sentence" not in shown
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        assert logins.log_in(archive, "anna", PASSWORD.decode().strip())


@pytest.mark.parametrize(
    ("arguments", "given", "why"),
    [
        (("add",), PASSWORD, "needs the name of a user"),
        (("add", "anna", "--role", "admin"), b"", "a password has"),
        (("disable", "anna"), b"", "there is no archive at"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, arguments: tuple[str, ...], given: bytes, why: str) -> None:
    code, out, error = users(tmp_path, *arguments, given=given)
    assert (code, out) == (2, "")
    assert why in complaint(error)[0]


def test_purging(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        now = datetime.now()
        calls.add(archive, [call(1, began=now - timedelta(days=100)), call(2, began=now - timedelta(days=80))])
    copy = tmp_path / "calls.db.sound" / f"{call(1).sha256}-left.webm"
    copy.parent.mkdir()
    copy.touch()
    purge = ("purge", "--archive", "calls.db", "--older-than")
    assert callflow(*purge, "90d", "--dry-run", cwd=tmp_path).stdout == b"1 call would be deleted\n"
    done = callflow(*purge, "90d", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        b"1 call deleted, 0 recordings and journals beside them deleted\n",
        b"",
    )
    assert not copy.exists()
    assert "is not an age" in complaint(callflow(*purge, "90", cwd=tmp_path).stderr.decode())[0]


def test_at_a_terminal_a_purge_asks_first(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"sound")
    digest = hashlib.sha256(b"sound").hexdigest()
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        calls.add(archive, [call(1, path=str(sound), sha256=digest, began=datetime(2020, 1, 1))])
    command = ("purge", "--archive", "calls.db", "--older-than", "90d", "--recordings", ".", "--lang", "en")
    counted = callflow(*command, "--dry-run", cwd=tmp_path).stdout.decode()
    assert counted == "1 call and 1 recording and journals beside them would be deleted\n"
    for answer, code in ((b"no\n", 1), (b"yes\n", 0)):
        assert sound.exists()
        main, side = pty.openpty()
        os.write(main, answer)
        pipe = subprocess.PIPE
        done = subprocess.run(
            [sys.executable, "-m", "callflow", *command],
            stdin=side,
            stdout=pipe,
            stderr=pipe,
            cwd=tmp_path,
            env=environment(),
        )
        os.close(main)
        os.close(side)
        assert done.stderr.decode().startswith(
            "delete 1 call for good, with their recordings and journals in .? (yes/no) "
        )
        assert done.returncode == code
    assert not sound.exists()


def test_a_purge_that_cannot_delete_everything_says_so_and_is_no_success(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"sound")
    sound.with_name("a.wav.events.jsonl").mkdir()
    digest = hashlib.sha256(b"sound").hexdigest()
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        calls.add(archive, [call(1, path=str(sound), sha256=digest, began=datetime(2020, 1, 1)), call(2, began=None)])
    command = ("purge", "--archive", "calls.db", "--older-than", "90d", "--recordings", ".", "--lang", "en")
    done = callflow(*command, cwd=tmp_path)
    first, second = done.stderr.decode().splitlines()
    assert (done.returncode, sound.exists()) == (1, True)
    assert first.startswith('cannot delete "')
    assert second.startswith("1 files cannot be deleted, and their calls stay")


@pytest.mark.parametrize("wrong", ["90", "d", "-1d", "0d", "999999y", "", "９０d"])
def test_ages_that_are_none(wrong: str) -> None:
    with pytest.raises(BadInput, match="is not an age"):
        age(wrong)
