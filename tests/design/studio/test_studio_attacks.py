"""What must not be possible in the studio, tried by sending it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from design.studio.conftest import SECRET
from design.studio.studying import JSON, Designer
from served import Served

GETS = ("file", "look", "told", "versions", "diff", "going", "whatif", "conflict")
POSTS = ("write", "new", "delete", "complete", "simulate", "near", "rehearsal", "settle", "keep", "publish")


@pytest.mark.parametrize("path", GETS)
def test_an_agent_reads_nothing(served: Served, path: str) -> None:
    answer = Designer.of(served, "zuoxi").ask(path, file="flow.yaml")
    assert answer.status == 403
    assert "phrases" not in answer.text


@pytest.mark.parametrize("path", POSTS)
def test_an_agent_changes_nothing(served: Served, path: str) -> None:
    assert Designer.of(served, "zuoxi").send(path, file="flow.yaml", text="", revision=0, why="x").status == 403


def test_an_agent_has_no_page(served: Served) -> None:
    for page in ("/studio", "/studio/logistics"):
        answer = served.browser("zuoxi").ask(page)
        assert answer.status == 403
        assert "流程设计" not in answer.text


@pytest.mark.parametrize("path", [*GETS, *POSTS])
def test_nobody_gets_in_without_a_session(served: Served, path: str) -> None:
    anybody = served.browser()
    assert anybody.ask(f"/api/studio/{path}?flow=logistics&file=flow.yaml").status == 401
    assert anybody.ask(f"/api/studio/{path}", "POST", "{}", content_type=JSON).status == 401


@pytest.mark.parametrize("path", POSTS)
def test_nothing_is_changed_without_the_token_of_the_session(served: Served, path: str) -> None:
    ours, other = served.browser("admin"), served.browser("banzhang")
    body = json.dumps({"flow": "logistics", "file": "flow.yaml", "text": "", "revision": 0, "why": "x"})
    for token in ({}, {"x_csrf_token": other.csrf}):
        answer = ours.ask(f"/api/studio/{path}", "POST", body, content_type=JSON, **token)
        assert answer.status == 403
    plain = ours.ask(f"/api/studio/{path}", "POST", body, content_type="text/plain", origin="http://evil.example")
    assert plain.status == 403


@pytest.mark.parametrize(
    "file",
    ["../outside/secret.yaml", "..", "/etc/passwd", "link.yaml", "pipe.yaml", "./flow.yaml", "a/../flow.yaml", "\0",
     ".git/config", "../.git/config", "flow.yaml\0.txt", "..\\flow.yaml", "", "../.callflow/drafts"],
)  # fmt: skip
def test_no_file_name_leads_out_of_the_flow(served: Served, flows: Path, file: str) -> None:
    designer = Designer.of(served, flow="astray")
    for path in ("file", "look"):
        answer = designer.ask(path, file=file)
        assert answer.status == 404
        assert SECRET not in answer.text
    assert designer.send("new", file=file, text="x: y", revision=designer.state["revision"]).status in (404, 422)


@pytest.mark.parametrize(
    "flow", ["..", "../outside", "linked", "logistics/..", "/etc", ".git", "", ".", "logistics/", "inbound/../astray"]
)
def test_no_flow_name_leads_out_of_the_folder(served: Served, flow: str) -> None:
    designer = Designer.of(served, flow=flow)
    for path in ("told", "versions", "diff", "going"):
        assert designer.ask(path).status == 404
    assert designer.send("write", file="secret.yaml", text="x", revision=0).status == 404
    assert designer.send("publish", why="x").status == 404


def test_no_draft_begins_with_a_file_that_is_none_of_the_flow(served: Served, flows: Path) -> None:
    designer = Designer.of(served, flow="astray")
    for file in ("../outside/new.yaml", "link.yaml", "pipe.yaml", "never-there.yaml"):
        revision = designer.state["revision"]
        assert designer.send("write", file=file, text="x: y\n", revision=revision).status == 404
    assert designer.state["changed"] == []
    assert (flows.parent / "outside" / "secret.yaml").read_text() == SECRET


def test_links_pipes_binaries_and_huge_files_are_told_of_and_not_read(served: Served) -> None:
    designer = Designer.of(served, flow="astray")
    said = json.loads(designer.ask("look", file="flow.yaml").body)
    wrong = {one["file"]: one["rule"] for one in said["problems"]}
    assert wrong.keys() >= {"link.yaml", "pipe.yaml", "binary.yaml", "huge.yaml"}
    (misnamed,) = [one for one in said["problems"] if "UTF-8" in one["message"] and one["file"] != "binary.yaml"]
    assert misnamed["file"].endswith(".yaml")
    assert designer.told()["state"]["files"]
    assert (wrong["binary.yaml"], wrong["huge.yaml"], wrong["link.yaml"]) == ("encoding", "yaml-size", "unreadable")
    assert designer.publish(override=True).status == 422


def test_too_much_is_refused(served: Served) -> None:
    designer = Designer.of(served)
    revision = designer.state["revision"]
    for text in ("x" * 1_000_001, "汉" * 8_000_000):
        answer = designer.send("write", file="flow.yaml", text=text, revision=revision)
        assert answer.status in (413, 422)
    assert designer.send("simulate", acts=[{"wait": 1}] * 401).status == 422
    assert designer.state["changed"] == []


@pytest.mark.parametrize(
    "act",
    [{}, {"say": 1}, {"say": "x" * 501}, {"event": "agent.action"}, {"wait": -1}, {"wait": 1e9}, {"wait": True},
     {"say": "\ud800"}, {"say": "x", "by": "nobody"}, {"say": "x", "wait": 1}, {"say": "x", "at": 3}, {"say": ""}],
)  # fmt: skip
def test_what_our_page_would_never_send_is_refused(served: Served, act: dict[str, object]) -> None:
    assert Designer.of(served).send("simulate", acts=[act]).status == 422


def test_what_is_written_and_said_is_shown_as_text(served: Served) -> None:
    designer = Designer.of(served, "banzhang")
    bad = "<img src=x onerror=alert(1)>"
    assert bad not in designer.send("simulate", acts=[{"say": bad}, {"say": bad, "by": "customer"}]).text
    assert bad not in designer.send("near", sentence=bad, by="agent").text
    designer.write("flow.yaml", designer.text("flow.yaml") + f"# {bad}\n")
    assert bad not in designer.ask("diff").text
    assert bad not in designer.ask("going").text
    designer.clean()


@pytest.mark.parametrize("version", ["HEAD", "--all", "main~1", "0000", "'; ls", "-" * 40, "f" * 40, "HEAD:x"])
def test_a_version_is_only_ever_the_name_of_a_commit(served: Served, version: str) -> None:
    designer = Designer.of(served)
    assert designer.ask("diff", old=version).status == 404
    assert designer.ask("going", version=version).status == 404
    assert designer.publish(version=version).status == 404


def test_nobody_reads_the_draft_of_another(served: Served) -> None:
    designer, other = Designer.of(served), Designer.of(served, "banzhang")
    designer.write("flow.yaml", designer.text("flow.yaml") + "# mine alone\n")
    assert "mine alone" not in other.text("flow.yaml")
    assert other.state["changed"] == []
    designer.clean()
