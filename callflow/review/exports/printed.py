"""Pages to print, or to read on the screen: no script, no network, nothing but the page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from callflow.review import words
from callflow.texts import text


def page(template: str, styles: Sequence[str], language: str, **values: Any) -> str:
    """The page of ``template`` as HTML in ``language``; its policy allows its own ``styles`` and nothing else."""
    here = files("callflow.review.exports")
    style = "\n".join(here.joinpath(name).read_text(encoding="utf-8") for name in styles)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(clock=words.clock, points=words.points)
    return environment.from_string(here.joinpath(template).read_text(encoding="utf-8")).render(
        language="zh" if language.startswith("zh") else "en",
        t=lambda message: message.in_(language),
        both=lambda en, zh, **slots: text(en, zh, **slots).in_(language),
        words=words,
        style=Markup(style),
        style_hash=f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}",
        **values,
    )
