"""Which speech engines there are, which of them can be used here, and which one to take.

An engine is an extra: whether it is installed is found out without importing it, and only the chosen one is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from callflow import models
from callflow.errors import EngineMissing, ModelError
from callflow.problems import did_you_mean
from callflow.speech.transcriber import Transcriber
from callflow.texts import Text, text

Purpose = Literal["replay", "live"]


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine: the package that must be there, the extra that brings it, and its Mandarin models, best first."""

    name: str
    package: str
    extra: str
    models: tuple[str, ...]
    streaming: bool
    about: Text

    def installed(self) -> bool:
        """Whether its package can be imported, found out without importing it."""
        return find_spec(self.package) is not None


# Best first, by syllables wrong (tones aside) and processor time for a second of speech, measured on 13 human clips,
# wideband and by telephone (8 kHz, mu-law); Vosk's Mandarin models by the error rates their makers publish.
ENGINES: tuple[Engine, ...] = (
    Engine(
        "zipformer",
        "sherpa_onnx",
        "zipformer",
        ("zipformer",),
        True,
        text("syllables, the fewest misheard", "音节，听错最少"),  # 8 % wideband, 14 % by telephone, 3 % of real time
    ),
    Engine(
        "whisper",
        "faster_whisper",
        "whisper",
        ("whisper-base",),
        False,
        text("characters, by the utterance", "汉字，整句识别"),  # 12 % wideband, 18 % by telephone, 27 % of real time
    ),
    Engine(
        "vosk",
        "vosk",
        "",
        ("vosk-model-cn-0.22", "vosk-model-small-cn-0.22"),
        True,
        text("characters as they are spoken", "边说边出汉字"),  # 14 to 38 % of characters wrong by its makers' tests
    ),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine to use, the model directory for it, and why this one.

    ``opener``: how to open an engine that is not one of ours, given ``threads``. It must survive pickling: live, the
    engine is opened in a process of its own.
    """

    name: str
    path: Path
    why: Text
    opener: Callable[[int], Transcriber] | None = None


def choose(name: str = "auto", purpose: Purpose = "replay", model: str | Path | None = None) -> Choice:
    """Decide on an engine and a model; nothing is loaded yet.

    ``name``: an engine, or ``auto`` for the best that is installed. ``model``: a known model's name or a directory
    (default: the engine's best one that is installed; with ``auto`` the model decides on the engine).
    Live, an engine that only answers when an utterance is over comes last. Raises ``ModelError``, ``EngineMissing``.
    """
    if name == "auto" and model is None:
        return _best(purpose)
    path = None if model is None else _located(model)
    if name == "auto" and path is not None:
        name = models.engine_of(path)
        if not name:
            models.check(path, "")
    engine = _named(name)
    _require_package(engine)
    if path is None:
        installed = [known for known in engine.models if models.find(known)]
        path = models.require((installed or engine.models[-1:])[0])
    else:
        models.check(path, engine.name)
    return Choice(engine.name, path, text("as asked for", "按要求使用"))


def accurate_beside(quick: Choice) -> Choice | None:
    """The engine that writes characters, to confirm by the utterance what ``quick``, which streams syllables, hears
    at once; ``None`` where it is not installed or would not help."""
    for engine in ENGINES:
        for known in engine.models if not engine.streaming and quick.name == "zipformer" else ():
            path = models.find(known)
            if path and _lacking(engine, known) is None:
                return Choice(engine.name, path, text("writes characters", "输出汉字"))
    return None


def open_transcriber(choice: Choice, threads: int = 0) -> Transcriber:
    """Load the chosen engine with its model. ``threads``: 0 for what suits the engine. Raises ``ModelError``."""
    if choice.opener:
        return choice.opener(threads)
    _require_package(_named(choice.name))
    try:
        if choice.name == "zipformer":
            from callflow.speech.zipformer import ZipformerTranscriber

            return ZipformerTranscriber(choice.path, threads=threads or 1)
        if choice.name == "whisper":
            from callflow.speech.whisper import WhisperTranscriber

            return WhisperTranscriber(choice.path, threads=threads)
        from callflow.speech.vosk import VoskTranscriber

        return VoskTranscriber(choice.path)
    except (ImportError, OSError) as error:
        engine = _named(choice.name)
        raise EngineMissing(
            text("engine {n} cannot be loaded: {w}", "无法加载引擎 {n}：{w}", n=engine.name, w=error),
            text("install it again: {c}", "请重新安装：{c}", c=_pip(engine)),
        ) from error


def _best(purpose: Purpose) -> Choice:
    ranked = sorted(ENGINES, key=lambda engine: purpose == "live" and not engine.streaming)  # stable: best stays first
    passed: list[Text] = []
    for engine in ranked:
        for known in engine.models:
            lacking, path = _lacking(engine, known), models.find(known)
            if lacking is None and path:
                return Choice(engine.name, path, _because(engine, passed))
            if lacking:
                passed.append(lacking)
    first = next((engine for engine in ranked if engine.installed()), None)
    if first is None:
        raise EngineMissing(
            text("no speech engine is installed", "尚未安装语音识别引擎"),
            text("install one: {c}", "请安装：{c}", c=_pip(ranked[0])),
        )
    for engine in ranked:
        for known in engine.models:
            if engine.installed() and models.find(known):
                models.require(known)  # it is damaged, or it would have been taken: says which, and how to mend it
    raise ModelError(
        text("no speech model is installed", "尚未安装语音模型"),
        text("callflow models install {n}", "请运行 callflow models install {n}", n=first.models[-1]),
    )


def _because(engine: Engine, passed: list[Text]) -> Text:
    """Why the best was taken, and what stood in the way of the better ones."""
    why = Text(f"the best installed: {engine.about.en}", f"已安装的最佳引擎：{engine.about.zh}")
    if not passed:
        return why
    return Text(
        f"{why.en} (better but not ready: {'; '.join(lack.en for lack in passed)})",
        f"{why.zh}（更好但未就绪：{'；'.join(lack.zh for lack in passed)}）",
    )


def _lacking(engine: Engine, known: str) -> Text | None:
    """What an engine with this model lacks to be used, or ``None``."""
    if not engine.installed():
        return text("{n} needs {c}", "{n} 需要 {c}", n=known, c=_pip(engine))
    path = models.find(known)
    if path is None:
        return text("{n} needs callflow models install {n}", "{n} 需要 callflow models install {n}", n=known)
    problems = models.verify(path, engine.name, large=False)
    if problems:
        message = problems[0].message
        return Text(f"{known} is damaged: {message.en}", f"{known} 已损坏：{message.zh}")
    return None


def _located(model: str | Path) -> Path:
    """The directory of a known model, or the directory that was named."""
    path = Path(model).expanduser()
    return path if isinstance(model, Path) or path.is_dir() else models.require(str(model))


def _named(name: str) -> Engine:
    for engine in ENGINES:
        if engine.name == name:
            return engine
    names = [engine.name for engine in ENGINES]
    near = did_you_mean(name, names)
    raise ModelError(
        Text(f'there is no engine "{name}"{near.en}', f"没有名为“{name}”的引擎{near.zh}"),
        text("choose one of auto, {n}", "可选：auto、{n}", n=", ".join(names)),
    )


def _require_package(engine: Engine) -> None:
    if not engine.installed():
        raise EngineMissing(
            text("engine {n} is not installed", "引擎 {n} 尚未安装", n=engine.name),
            text("install it: {c}", "请安装：{c}", c=_pip(engine)),
        )


def _pip(engine: Engine) -> str:
    return f"pip install 'callflow[{engine.extra}]'" if engine.extra else "pip install callflow"
