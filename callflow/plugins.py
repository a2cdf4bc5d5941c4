"""What other packages add to callflow: they name it in entry points, and here it is found and loaded.

=======================  ==================================================================================
``callflow.engines``     ``open(recording: Path | None, threads: int) -> Transcriber``; live there is no recording
``callflow.telephony``   ``open(address: str) -> CallEvents``, for ``callflow live --calls NAME:…``
``callflow.checks``      ``check(plan: Plan) -> Iterable[Problem]``, for ``callflow lint`` and the studio
``callflow.exporters``   ``write(file: BinaryIO, head: Sequence[str], rows: Iterable[Sequence[object]]) -> int``
=======================  ==================================================================================

A plugin is other people's code: one that cannot be loaded is a warning that names its package, and the rest goes on.
Only commands look for plugins; nothing is loaded that was not asked for. docs/plugins.md has the whole story.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import UnionType
from typing import Any, Literal

from callflow.errors import CallflowError, PluginError
from callflow.problems import Level, Location, Problem
from callflow.texts import Text, printable, text

Group = Literal["engines", "telephony", "checks", "exporters"]
GROUPS: dict[Group, Text] = {
    "engines": text("speech engines", "语音识别引擎"),
    "telephony": text("telephony sources", "电话来源"),
    "checks": text("checks of flows", "流程检查"),
    "exporters": text("exporters", "导出格式"),
}


@dataclass(frozen=True, slots=True)
class Plugin:
    """One thing that a package adds. ``run`` is what it gave."""

    group: Group
    name: str
    package: str
    run: Callable[..., Any]

    @property
    def about(self) -> str:
        """The first line of its docstring."""
        return printable(str(self.run.__doc__ or "").strip().partition("\n")[0])


def found(group: Group, taken: Collection[str] = ()) -> tuple[list[Plugin], list[Problem]]:
    """The plugins of a group by name, loaded, and why others cannot be used; ``taken``: names of callflow's own."""
    plugins: dict[str, Plugin] = {}
    problems: list[Problem] = []
    for point in _points(group):
        loaded = _load(group, point)
        if isinstance(loaded, Problem):
            problems.append(loaded)
        elif point.name in taken or point.name in plugins:
            other = plugins[point.name].package if point.name in plugins else "callflow"
            message = '"{n}" is the name of another one, of {o}; it is left out', "“{n}”与 {o} 的重名，已忽略"
            problems.append(_warning(group, point, text(*message, n=point.name, o=other)))
        else:
            plugins[point.name] = loaded
    return list(plugins.values()), problems


def named(group: Group, name: str, taken: Collection[str] = ()) -> tuple[Plugin | None, list[Problem]]:
    """The plugin of that name, and why it cannot be used where it cannot. No other is loaded."""
    points = [] if name in taken else [point for point in _points(group) if point.name == name]
    if not points:
        return None, []
    loaded = _load(group, points[0])
    return (None, [loaded]) if isinstance(loaded, Problem) else (loaded, [])


def names(group: Group) -> list[str]:
    """What there is, without loading any."""
    return sorted({point.name for point in _points(group)})


@contextmanager
def at_work(plugin: Plugin) -> Iterator[None]:
    """While a plugin does something: whatever it raises becomes a ``PluginError`` that names it."""
    try:
        yield
    except CallflowError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(
            text(
                "plugin {n} ({p}) failed: {w}",
                "插件 {n}（{p}）出错：{w}",
                n=plugin.name,
                p=plugin.package,
                w=_why(error),
            ),
            text(
                "tell those who made it; callflow itself goes on without it", "请告知插件作者；callflow 不用它也能运行"
            ),
        ) from error


def must_be(kind: type | UnionType, given: object, what: str) -> None:
    """Other people's code gives anything. Raises ``TypeError`` that says ``what`` should be of which kind."""
    if not isinstance(given, kind):
        raise TypeError(f"{what} {kind.__name__ if isinstance(kind, type) else kind}, not {type(given).__name__}")


def _points(group: Group) -> list[EntryPoint]:
    return sorted(entry_points(group=f"callflow.{group}"), key=lambda point: (point.name, _package(point)))


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _load(group: Group, point: EntryPoint) -> Plugin | Problem:
    try:
        run = point.load()
    except (Exception, SystemExit) as error:  # whatever other people's code does when it is imported
        message = text("cannot be loaded: {w}", "无法加载：{w}", w=_why(error))
        return _warning(group, point, message)
    if not callable(run):
        return _warning(group, point, text("{v} is no function", "{v} 不是函数", v=point.value))
    return Plugin(group, point.name, _package(point), run)


def _warning(group: Group, point: EntryPoint, message: Text) -> Problem:
    place = f"{_package(point)} (callflow.{group} {point.name})"
    return Problem(Location(place), message, "plugin", Level.WARNING)


def _why(error: BaseException) -> str:
    return printable(f"{type(error).__name__}: {error}")[:300]
