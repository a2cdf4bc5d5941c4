"""Finds a flow by name or path and reads its files from disk; the reading of what they say is ``flow.read``'s."""

from __future__ import annotations

from pathlib import Path

from callflow.errors import BadFlow, BadInput
from callflow.flow.located_yaml import MAX_CHARACTERS
from callflow.flow.model import Flow
from callflow.flow.read import read_flow
from callflow.problems import Location, Problem, did_you_mean
from callflow.texts import Text, text

DEFAULT_FLOW = "inbound"
_PACKAGE = Path(__file__).resolve().parent


def flows_folder() -> Path:
    """Where the flows that come with callflow lie: in the installed package, or at the top of a checkout."""
    installed = _PACKAGE / "flows"
    return installed if installed.is_dir() else _PACKAGE.parent / "flows"


def available() -> list[str]:
    """The names of the flows that come with callflow."""
    folder = flows_folder()
    return sorted(item.name for item in folder.iterdir() if item.is_dir()) if folder.is_dir() else []


def find(name: str) -> Path:
    """The file or folder of a flow given by name (``inbound``) or by path."""
    path = Path(name)
    if path.exists():
        return path
    bundled = flows_folder() / name
    if name in available() and bundled.exists():
        return bundled
    near = did_you_mean(name, available())
    raise BadInput(
        text('no flow "{n}"', "没有流程“{n}”", n=name) if not near.en else Text(f'no flow "{name}"{near.en}', f"没有流程“{name}”{near.zh}"),
        text(
            "give a name ({known}) or the path of a YAML file or folder",
            "请给出流程名（{known}），或 YAML 文件、文件夹的路径",
            known=", ".join(available()),
        ),
    )


def load(name: str = DEFAULT_FLOW) -> tuple[Flow, list[Problem]]:
    """Read a flow with its warnings.

    Raises ``BadInput`` where there is no such flow and ``BadFlow``, with every Problem, where it has mistakes.
    """
    path = find(name)
    files = sorted(path.glob("**/*.yaml")) if path.is_dir() else [path]
    sources: dict[str, str] = {}
    problems: list[Problem] = []
    for file in files:
        shown = str(file.relative_to(path)) if path.is_dir() else file.name
        try:
            if file.stat().st_size > 4 * MAX_CHARACTERS:
                big = text("the file is too large for a flow", "文件太大，不像是流程文件")
                problems.append(Problem(Location(shown), big, "yaml-size"))
                continue
            sources[shown] = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            bad = text("not UTF-8 text; save the file as UTF-8", "不是 UTF-8 文本；请以 UTF-8 保存")
            problems.append(Problem(Location(shown, line), bad, "encoding"))
        except OSError as error:
            why = Text(f"cannot be read: {error.strerror}", f"无法读取：{error.strerror}")
            problems.append(Problem(Location(shown), why, "unreadable"))
    if not files:
        problems.append(Problem(Location(str(path)), text("no *.yaml files here", "这里没有 *.yaml 文件"), "unreadable"))
    flow, found = read_flow(sources, path.stem)
    problems = sorted(problems + found)
    if flow is None or len(sources) < len(files):
        raise BadFlow(text("flow {n} has mistakes", "流程 {n} 有错误", n=str(path)), problems)
    return flow, problems
