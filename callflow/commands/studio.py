"""The studio as part of ``callflow serve``: its flows' repository, and the archive that it may ask."""

from __future__ import annotations

import getpass
from functools import partial
from pathlib import Path

from callflow import flowfiles
from callflow.archive import extracts
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.call.plan import Plan
from callflow.commands import plugins
from callflow.commands.scores import kept
from callflow.design.studio import studio
from callflow.design.studio.desk import Desk, Figures
from callflow.design.studio.repository import Repository
from callflow.design.studio.shelf import Shelf
from callflow.errors import BadInput
from callflow.review import processes, whatif
from callflow.review.outcome import phrase_title
from callflow.texts import text
from callflow.web.site import Site
from callflow.web.visitor import Visitor

MOST_CALLS = 200
"""The latest so many calls are judged again: some seconds."""
MOST_RULES = 12


def add(site: Site, flows: Path, archive: Archive, init: bool) -> Desk:
    """The studio over the flows in a folder; ``init``: made a repository where it is none."""
    if init and Repository.around(flows) is None:
        Repository.init(flows, _user())
    return studio.add(site, flows, partial(_what_if, archive), plugins.check)


def need_flows(flows: Path | None, init: bool) -> None:
    """Raises ``BadInput`` where a repository is asked for and no folder, or a flow is given for a folder of flows."""
    if flows is None:
        if init:
            raise BadInput(text("--flows-init goes with --flows", "--flows-init 须与 --flows 一起使用"))
    elif flowfiles.holds_yaml(flows) and not Shelf(flows).flows():
        raise BadInput(
            text(
                '"{p}" is a flow; --flows is the folder that flows lie in',
                "“{p}”是一个流程；--flows 应为存放流程的文件夹",
                p=flows,
            ),
            text('did you mean "{p}"?', "是否想用“{p}”？", p=flows.resolve().parent),
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as in a container
        return "callflow"


def _what_if(archive: Archive, visitor: Visitor, old: Plan, new: Plan) -> Figures:
    ids = extracts.chosen(archive, Wanted(flow=new.flow.name, limit=MOST_CALLS, viewer=visitor.viewer))
    run = partial(processes.pooled, workers=1)
    found = whatif.differences(kept(archive, ids), old, new, run)
    rules = sorted(found.rules.values(), key=lambda one: (-(one.appears + one.vanishes + one.changes), one.name))
    told = [(_title(one.name, old, new, visitor), one.appears, one.vanishes, one.changes) for one in rules]
    return Figures(found.calls, found.touched, (found.faults_old, found.faults_new), told[:MOST_RULES])


def _title(name: str, old: Plan, new: Plan, visitor: Visitor) -> str:
    for flow in (new.flow, old.flow):
        if name in flow.rules:
            return flow.rules[name].title.in_(visitor.language) or name
        if name in flow.phrases:
            return phrase_title(flow.phrases[name], name, flow).in_(visitor.language)
    return name
