"""Files are written whole or not at all, and what was written is there for good."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from callflow.errors import CallflowError, OutputError
from callflow.texts import text
from callflow.writing import NotPutBack, replace_all, replaced, sweep, whole_or_nothing


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_where_the_second_file_cannot_be_replaced_the_first_is_as_it_was(
    tmp_path: Path, failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its old text comes back as it went, by a renaming: at no time is there half of it."""
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    for path in (one, other):
        path.write_text("old", "utf-8")
    whole = os.replace

    def replace(source: Path, target: Path) -> None:
        if target == other and "new" in Path(source).read_text("utf-8"):
            raise failure
        whole(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.delattr(Path, "write_bytes")
    was = sha256(b"old").hexdigest()
    with pytest.raises(OutputError if isinstance(failure, OSError) else KeyboardInterrupt):
        replace_all({one: "new", other: "new"}, {one: was, other: was})
    assert [path.read_text("utf-8") for path in sorted(tmp_path.iterdir())] == ["old", "old"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), CallflowError(text("refused", "不行"))])
def test_what_cannot_be_put_back_is_kept_and_the_rest_is_put_back(
    tmp_path: Path, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails for one of three, after another failure: that one is told, and no text is lost."""
    paths = [tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml")]
    for path in paths:
        path.write_text(f"old {path.name}", "utf-8")
    whole = os.replace

    def replace(source: Path, target: Path) -> None:
        if target == paths[0] and "old" in Path(source).read_text("utf-8"):
            raise OSError(5, "Input/output error")
        whole(source, target)

    monkeypatch.setattr(os, "replace", replace)
    were = {path: sha256(path.read_bytes()).hexdigest() for path in paths}
    with pytest.raises(NotPutBack) as raised, replaced(dict.fromkeys(paths, b"new"), were):
        raise failure
    for path in paths:
        sweep(path)
    (kept,) = tmp_path.glob(".*")
    assert [path.read_text("utf-8") for path in (*paths, kept)] == ["new", "old b.yaml", "old c.yaml", "old a.yaml"]
    said = raised.value.in_("en")
    assert said.startswith("refused" if isinstance(failure, CallflowError) else "cannot write"), "the first cause"
    assert kept.name in said


def test_a_file_that_was_deleted_meanwhile_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="changed by somebody else"):
        replace_all({tmp_path / "a.yaml": "new"}, {tmp_path / "a.yaml": sha256(b"old").hexdigest()})
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_on_the_disk_before_it_takes_the_old_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = tmp_path / "a", os.fsync
    seen: list[bool] = []

    def fsync(handle: int) -> None:
        seen.append(path.exists())
        whole(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with whole_or_nothing(path) as file:
        file.write(b"new")
    assert seen == [False, True], "the file itself, then that it has this name"
