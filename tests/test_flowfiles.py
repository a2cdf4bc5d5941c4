"""Flows are found by name or path and read from disk; whatever lies there, it ends in a flow or a clear error."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from callflow import flowfiles
from callflow.errors import BadFlow, BadInput
from callflow.flow.located_yaml import MAX_CHARACTERS

GOOD = "flow: {start: greeting}\nstates:\n  greeting: {title: 问候}\n"


def rules_of(error: BadFlow) -> list[str]:
    return [problem.rule for problem in error.problems]


def test_the_bundled_flow_is_found_by_name_and_has_no_problems() -> None:
    assert "inbound" in flowfiles.available()
    flow, problems = flowfiles.load("inbound")
    assert problems == []
    assert flow.name == "inbound"


def test_hashes_are_those_of_the_files() -> None:
    """So that anyone can check with sha256sum what a call was judged with."""
    flow, _ = flowfiles.load("inbound")
    folder = flowfiles.flows_folder() / "inbound"
    assert dict(flow.hashes) == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.yaml")
    }


def test_a_flow_is_a_file_or_a_folder_of_files(tmp_path: Path) -> None:
    whole = tmp_path / "whole.yaml"
    whole.write_text(GOOD, "utf-8")
    parts = tmp_path / "parts"
    (parts / "more").mkdir(parents=True)
    (parts / "a.yaml").write_text("flow: {start: greeting}\n", "utf-8")
    (parts / "more" / "b.yaml").write_text("states:\n  greeting: {title: 问候}\n", "utf-8")
    (parts / "notes.txt").write_text("no flow", "utf-8")
    one, other = (flowfiles.load(str(path))[0] for path in (whole, parts))
    assert (one.name, other.name) == ("whole", "parts")
    assert one.states["greeting"].title == other.states["greeting"].title
    assert list(other.hashes) == ["a.yaml", os.path.join("more", "b.yaml")]


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode()], ids=["byte order mark", "crlf"]
)
def test_what_windows_editors_write_is_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    flow, problems = flowfiles.load(str(tmp_path / "a.yaml"))
    assert problems == []
    assert flow.states["greeting"].at.line == 3
    assert flow.hashes["a.yaml"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(("name", "meant"), [("inbond", "inbound"), ("Inbound", "inbound"), ("nothing-like-it", "")])
def test_an_unknown_flow_is_told_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(BadInput) as caught:
        flowfiles.load(name)
    assert f'no flow "{name}"' in caught.value.message.en
    assert ("did you mean" in caught.value.message.en) == bool(meant)
    assert meant in caught.value.message.zh
    assert "inbound" in caught.value.hint.en
    assert "YAML" in caught.value.hint.zh


@pytest.mark.parametrize("name", ["../flows", "inbound/../inbound", "inbound\0", "x" * 5_000, "a\nb", " ", "."])
def test_odd_names_are_no_crash(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as caught:
        flowfiles.load(name)
    assert len(caught.value.in_("en").splitlines()) == 1
    assert len(caught.value.in_("en")) < 400


def test_a_folder_without_flow_files_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadFlow) as caught:
        flowfiles.load(str(tmp_path))
    assert "unreadable" in rules_of(caught.value)


@pytest.mark.parametrize(
    ("content", "rule", "line"),
    [
        (GOOD.encode() + "  a: {title: 您}\n".encode("gbk"), "encoding", 4),
        (GOOD.encode("utf-16"), "encoding", 1),
        (b"\x00" * 100, "yaml-syntax", 1),
        (b"", "unreadable", 0),
        (b" \n\n", "unreadable", 0),
        (b"\x89PNG\r\n\x1a\n", "encoding", 1),
    ],
)
def test_what_is_no_text_is_told_with_its_line(tmp_path: Path, content: bytes, rule: str, line: int) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(BadFlow) as caught:
        flowfiles.load(str(tmp_path / "a.yaml"))
    first = next(problem for problem in caught.value.problems if problem.rule == rule)
    assert (first.at.file, first.at.line) == ("a.yaml", line)
    assert rules_of(caught.value) == [rule], "the rest follows from this one"


def test_fifty_megabytes_are_refused_unread(tmp_path: Path) -> None:
    """The file has a hole for content: reading it would take the memory, and decoding it an age."""
    with open(tmp_path / "a.yaml", "wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(BadFlow) as caught:
        flowfiles.load(str(tmp_path / "a.yaml"))
    assert rules_of(caught.value) == ["yaml-size"]


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no /dev/zero here")
def test_a_file_without_end_is_refused() -> None:
    """Its size is said to be 0."""
    with pytest.raises(BadFlow) as caught:
        flowfiles.load("/dev/zero")
    assert rules_of(caught.value) == ["yaml-size"]


def test_a_file_as_large_as_allowed_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + "#" * (MAX_CHARACTERS - len(GOOD) - 1) + "\n", "utf-8")
    assert flowfiles.load(str(tmp_path / "a.yaml"))[1] == []


def test_a_folder_named_like_a_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "b.yaml").mkdir()
    with pytest.raises(BadFlow) as caught:
        flowfiles.load(str(tmp_path))
    assert [(problem.at.file, problem.rule) for problem in caught.value.problems] == [("b.yaml", "unreadable")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_among_the_files_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    os.mkfifo(tmp_path / "b.yaml")
    with pytest.raises(BadFlow) as caught:
        flowfiles.load(str(tmp_path))
    assert [(problem.at.file, problem.rule) for problem in caught.value.problems] == [("b.yaml", "unreadable")]


def test_mistakes_of_all_files_are_sorted_together(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(GOOD + "phrasess: {}\n", "utf-8")
    (tmp_path / "a.yaml").write_bytes(b"phrases:\n  \xff\n")
    (tmp_path / "c.yaml").write_text("rules: [", "utf-8")
    with pytest.raises(BadFlow) as caught:
        flowfiles.load(str(tmp_path))
    assert [problem.at.file for problem in caught.value.problems] == ["a.yaml", "b.yaml", "c.yaml"]
    assert str(tmp_path) in caught.value.message.en


def test_an_empty_file_among_others_is_a_warning_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "b.yaml").write_text("")
    _, warnings = flowfiles.load(str(tmp_path))
    assert [(warning.at.file, warning.message.en) for warning in warnings] == [("b.yaml", "the file is empty")]


def test_no_name_is_no_flow() -> None:
    with pytest.raises(BadInput, match='no flow ""'):
        flowfiles.load("")


def test_of_a_folder_with_everything_in_it_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``callflow lint /`` must not look at a whole disk; hidden folders, such as git's, are none of the flow's."""
    (tmp_path / "flow.yaml").write_text(GOOD, "utf-8")
    for folder in ("a", ".git"):
        (tmp_path / folder).mkdir()
        for number in range(40):
            (tmp_path / folder / str(number)).touch()
    monkeypatch.setattr(flowfiles, "MAX_ENTRIES", 50)
    flow, _ = flowfiles.load(str(tmp_path))
    assert list(flow.hashes) == ["flow.yaml"]
    for limit in ("MAX_ENTRIES", "MAX_FILES"):
        with monkeypatch.context() as patched:
            patched.setattr(flowfiles, limit, 0)
            with pytest.raises(BadInput, match="too much in it for a flow") as caught:
                flowfiles.load(str(tmp_path))
        assert "太多" in caught.value.in_("zh")


def test_the_root_of_the_file_system_is_no_flow() -> None:
    with pytest.raises(BadInput, match="too much in it"):
        flowfiles.load("/")


def test_only_real_flows_are_available_and_each_is_found_by_its_own_name_too() -> None:
    """A flow calls itself by its last name, and so do the journals of its calls."""
    names = flowfiles.available()
    assert {"examples/bank-card", "examples/logistics", "examples/utility-faults", "inbound"} <= set(names)
    assert "examples" not in names
    for name in names:
        flow, problems = flowfiles.load(name)
        assert problems == []
        assert flowfiles.find(flow.name) == flowfiles.find(name)


@pytest.mark.parametrize(("name", "meant"), [("logistic", "logistics"), ("examples/bank-cart", "examples/bank-card")])
def test_an_example_is_suggested(name: str, meant: str) -> None:
    with pytest.raises(BadInput) as caught:
        flowfiles.find(name)
    assert f'did you mean "{meant}"?' in caught.value.message.en


def test_a_name_never_leads_out_of_the_flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("examples", "examples/", "/logistics", "examples/../inbound", "rd"):
        with pytest.raises(BadInput):
            flowfiles.find(name)


def test_a_folder_with_a_dot_in_its_name_is_called_so(tmp_path: Path) -> None:
    folder = tmp_path / "shop.v2"
    folder.mkdir()
    (folder / "flow.yaml").write_text("flow: {start: talk}\nstates: {talk: {title: 通话}}\n", "utf-8")
    assert flowfiles.load(str(folder))[0].name == "shop.v2"
    assert flowfiles.load(str(folder / "flow.yaml"))[0].name == "flow"
