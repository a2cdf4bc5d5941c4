"""What a changed flow would say, as one page: by rule and by agent, with moments to click on and listen to."""

from __future__ import annotations

from pathlib import Path

from callflow.flow.model import Flow
from callflow.review.compare import Differences
from callflow.review.exports import printed
from callflow.review.whatif_table import by_weight, title
from callflow.texts import Text
from callflow.writing import whole_or_nothing


def write_differences(path: Path, found: Differences, old: Flow, new: Flow, desk: str, language: str) -> None:
    """Write the page, whole or not at all. Raises ``OutputError``."""
    with whole_or_nothing(path) as out:
        out.write(page(found, old, new, desk, language).encode("utf-8", "replace"))


def page(found: Differences, old: Flow, new: Flow, desk: str, language: str) -> str:
    """The page as HTML in ``language``. ``desk``: where ``callflow serve`` is, to link to; ``""``: nowhere."""

    def link(call: int, at: float | None = None) -> str:
        return f"{desk.rstrip('/')}/calls/{call}" + ("" if at is None else f"?at={at:.2f}") if desk else ""

    return printed.page(
        "diff.html.j2",
        ("agent.css", "diff.css"),
        language,
        found=found,
        old=old,
        new=new,
        link=link,
        title=lambda rule: title(rule, new, old),
        rules=by_weight(list(found.rules.values())),
        agents=by_weight(list(found.agents.values())),
        nobody=Text("unknown", "未知"),
    )
