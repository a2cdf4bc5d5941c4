"""The overlay in a window of its own that stays above all others, where pywebview is installed (``--window``)."""

from __future__ import annotations

from importlib.util import find_spec

from callflow.errors import CallflowError
from callflow.texts import text

WIDTH, HEIGHT = 360, 480


def available() -> bool:
    """Whether such a window can be opened; the library is only looked for, not loaded."""
    return find_spec("webview") is not None


def require() -> None:
    """Raise ``CallflowError`` where pywebview is missing."""
    if not available():
        raise CallflowError(
            text("--window needs the package pywebview", "--window 需要 pywebview"),
            text(
                "pip install pywebview, or open the address in a browser and press Float",
                "请执行 pip install pywebview，或在浏览器中打开该地址后点“置顶”",
            ),
        )


def show_window(url: str) -> None:
    """Open ``url`` in a window on top and return when the agent closes it. To be called in the main thread.

    Raises ``CallflowError`` where pywebview is missing, or finds nothing on this machine to draw with.
    """
    require()
    import webview

    try:
        webview.create_window("callflow", url, width=WIDTH, height=HEIGHT, on_top=True, text_select=True)
        webview.start()
    except webview.errors.WebViewException as error:
        raise CallflowError(
            text("no window can be opened: {w}", "无法打开窗口：{w}", w=error),
            text("open {u} in a browser instead", "请改用浏览器打开 {u}", u=url),
        ) from error
