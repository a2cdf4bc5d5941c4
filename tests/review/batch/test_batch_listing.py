"""Which calls there are in what was named."""

from __future__ import annotations

from pathlib import Path

import pytest
from batches import journals, sound

from callflow.errors import BadInput
from callflow.journal import Header
from callflow.review.batch.listing import listing
from callflow.review.batch.pattern import Pattern


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("a.wav", "sub/b.MP3", ".hidden/c.wav", ".d.wav", "notes.txt", "a.wav.events.jsonl"):
        (tmp_path / name).write_bytes(b"x")
    journals(tmp_path, [1])
    return tmp_path


def names(folder: Path, *named: str) -> list[str]:
    return [str(task.path.relative_to(folder)) for task in listing([str(folder / name) for name in named]).tasks]


def test_a_folder_gives_recordings_and_journals_and_nothing_else(folder: Path) -> None:
    assert names(folder, ".") == ["a.wav", "call-00001.jsonl", "sub/b.MP3"]


def test_patterns_of_paths_files_and_lists_are_put_together_each_once(folder: Path) -> None:
    (folder / "list.csv").write_text("file,agent\nsub/b.MP3,7\n", encoding="utf-8")
    assert names(folder, "*", "a.wav", "list.csv") == ["sub/b.MP3", "a.wav", "call-00001.jsonl"]
    assert names(folder, "**/*.MP3") == ["sub/b.MP3"]


def test_what_is_not_there_is_no_call(folder: Path) -> None:
    with pytest.raises(BadInput, match=r'no file or folder ".*gone"'):
        names(folder, "a.wav", "gone")


@pytest.mark.parametrize("name", ["empty", "*.flac", ""])
def test_nothing_to_judge_is_said(folder: Path, name: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(BadInput):
        listing([str(folder / name) if name else ""])


def test_a_recording_whose_journal_lies_beside_it_is_no_second_call(folder: Path) -> None:
    (folder / "a.jsonl").write_text(Header("inbound", recording="a.wav").to_json() + "\n", encoding="utf-8")
    found = listing([str(folder)])
    assert [task.path.name for task in found.tasks] == ["a.jsonl", "call-00001.jsonl", "b.MP3"]
    assert found.stands_for == [folder / "a.wav"]


def test_names_that_do_not_fit_are_calls_without_metadata(folder: Path) -> None:
    sound(folder / "7_x.wav")
    found = listing([str(folder)], Pattern.of("{agent}_{queue}.wav"))
    assert [task.metadata.agent for task in found.tasks] == ["7", "", "", ""]
    assert [path.name for path in found.unnamed] == ["a.wav", "call-00001.jsonl", "b.MP3"]
