"""Graphviz draws DOT as SVG or PNG; it is a program of its own, which not everybody has."""

from __future__ import annotations

import subprocess
from typing import Literal

from callflow.errors import CallflowError
from callflow.texts import text

MOST_SECONDS = 60.0
"""A flow of a hundred states takes about a second."""


def draw(source: str, format: Literal["svg", "png"]) -> bytes:
    """The picture that DOT ``source`` describes. Raises ``CallflowError`` where Graphviz is missing, or cannot."""
    try:
        done = subprocess.run(
            ["dot", f"-T{format}"], input=source.encode(), capture_output=True, timeout=MOST_SECONDS, check=True
        )
    except FileNotFoundError as error:
        raise CallflowError(
            text(
                "pictures need Graphviz, and its program dot is not installed",
                "生成图片需要 Graphviz，未找到其程序 dot",
            ),
            text(
                "apt install graphviz (brew, winget: graphviz), or take --format mermaid or dot, which need nothing",
                "请安装：apt install graphviz（brew、winget 同名），或使用无需安装的 --format mermaid、dot",
            ),
        ) from error
    except (subprocess.SubprocessError, OSError) as error:
        told = getattr(error, "stderr", None) or b""
        why = told.decode(errors="replace").strip().partition("\n")[0] or str(error)
        raise CallflowError(text("Graphviz could not draw this: {w}", "Graphviz 无法绘制：{w}", w=why)) from error
    return done.stdout
