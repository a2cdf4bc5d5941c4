"""How long each stage takes on this computer, measured with the parts that a live call runs on."""

from __future__ import annotations

import queue
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from callflow import flowfiles, plans
from callflow.audio.devices import Device, choose, devices
from callflow.audio.levels import peak
from callflow.audio.notices import Notices
from callflow.audio.source import FRAME, RATE, Source
from callflow.call.guide import Guide
from callflow.doctor.result import NOTHING, Result, State
from callflow.errors import DeviceError, ModelError
from callflow.events import CallAnswered, CallContext, Heard
from callflow.live.recogniser import Changed, News, Reached, Recogniser
from callflow.speech import engines
from callflow.texts import Text, text

SECONDS = 4
"""Of sound that recognisers are given."""
BUSY, TOO_SLOW = 0.5, 1.0
"""Seconds that a recogniser that streams may need for a second of both channels."""
LATE = 2.5
"""Seconds that one which answers at the end of a sentence may need for it."""
SENTENCES = 40
SAID = ("您好，很高兴为您服务，请问有什么可以帮您的吗", "我想查一下我的货到哪里了，怎么这么久还没到")
SLOW_MATCHING = 0.05
"""Seconds for a sentence: what callflow may add to the recogniser's own time."""
LISTENED = 2.0
"""Seconds of capture."""


def speech(seconds: float = SECONDS) -> NDArray[np.int16]:
    """Something that sounds like a voice and says nothing: a buzz of 140 Hz, shaped as vowels are, four a second."""
    at = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 140 * n * at) / (1 + ((140 * n - 700) / 300) ** 2) for n in range(1, 24))
    syllables = 0.2 + 0.8 * np.abs(np.sin(2 * np.pi * 2 * at))
    return np.asarray(buzz * syllables * 3000, np.int16)


def recognition(choice: engines.Choice, patience: float = 60.0) -> Result:
    """The chosen engine in a process of its own, as in a call. Raises ``ModelError`` where it does not start."""
    news: queue.Queue[News] = queue.Queue()
    recogniser = Recogniser(choice, news.put)
    began = time.monotonic()
    recogniser.start()
    try:
        _await(news, lambda one: isinstance(one, Changed), choice, patience)
        loading = time.monotonic() - began
        sound = speech()
        voiced = np.ones(len(sound) // FRAME, np.bool_)
        recogniser.begin(1)
        began = time.monotonic()
        recogniser.hear(1, {"agent": (sound, voiced), "customer": (sound, voiced)})
        recogniser.finish(1)
        _await(news, lambda one: isinstance(one, Reached) and one.finished, choice, patience)
        return judged(choice, loading, time.monotonic() - began)
    finally:
        recogniser.close()


def _await(news: queue.Queue[News], wanted: Callable[[News], bool], choice: engines.Choice, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            one = news.get(timeout=max(0.01, end - time.monotonic()))
        except queue.Empty:
            raise ModelError(text("{n} does not answer", "{n} 没有响应", n=choice.name), _AGAIN) from None
        if isinstance(one, Changed) and one.state == "lost":
            why = one.why or text("it ends by itself", "意外退出")
            where = f"{choice.name}, {choice.path}"
            raise ModelError(
                Text(f"{where}: {why.en}", f"{where}：{why.zh}"),
                text("callflow models verify {p}", "请运行 callflow models verify {p}", p=choice.path),
            )
        if wanted(one):
            return


_QUICKER = text(
    "close what keeps this computer busy, or take one engine: --engine zipformer",
    "请关闭占用电脑的程序，或只用一个引擎：--engine zipformer",
)
_AGAIN = text("close what keeps this computer busy, then try again", "请关闭占用电脑的程序后重试")


def judged(choice: engines.Choice, loading: float, took: float) -> Result:
    figures = {"load_s": round(loading, 2), "speech_s": 2.0 * SECONDS, "took_s": round(took, 3)}
    if choice.name == "whisper":
        state: State = "ok" if took / 2 <= LATE else "warning"
        told = text(
            "{n}: {t:.1f} s for a sentence of {s} s, loads in {l:.1f} s",
            "{n}：{s} 秒的一句话需 {t:.1f} 秒，加载 {l:.1f} 秒",
            n=choice.name,
            t=took / 2,
            s=SECONDS,
            l=loading,
        )
    else:
        ratio = took / SECONDS
        state = "ok" if ratio <= BUSY else "warning" if ratio <= TOO_SLOW else "trouble"
        told = text(
            "{n}: {r:.2f} s for a second of both channels, loads in {l:.1f} s",
            "{n}：每秒双声道语音需 {r:.2f} 秒，加载 {l:.1f} 秒",
            n=choice.name,
            r=ratio,
            l=loading,
        )
    return Result(state, told, NOTHING if state == "ok" else _QUICKER, figures)


def matching(flow: str | None) -> Result:
    """Sentences through the whole engine: phrases, states, rules, prompts. Raises ``BadFlow``."""
    began = time.monotonic()
    plan, _ = plans.load(flow or flowfiles.DEFAULT_FLOW)
    loading = time.monotonic() - began
    guide = Guide(plan)
    guide.feed(CallContext(at=0.0))
    guide.feed(CallAnswered(at=1.0))
    took = []
    for number in range(SENTENCES):
        at = 2.0 + 3 * number
        said = SAID[number % len(SAID)]
        heard = Heard(at=at + 2, speaker="agent", text=said, start=at, end=at + 2, utterance=f"a{number}")
        before = time.perf_counter()
        guide.feed(heard)
        took.append(time.perf_counter() - before)
    worst = sorted(took)[-3]
    figures = {"load_s": round(loading, 3), "sentence_p50_s": round(median(took), 5), "sentence_p95_s": round(worst, 5)}
    told = text(
        "{m:.1f} ms a sentence, {w:.1f} ms at worst; the flow loads in {l:.1f} s",
        "每句 {m:.1f} 毫秒，最慢 {w:.1f} 毫秒；流程加载 {l:.1f} 秒",
        m=1000 * median(took),
        w=1000 * worst,
        l=loading,
    )
    slow = worst > SLOW_MATCHING
    return Result("warning" if slow else "ok", told, _AGAIN if slow else NOTHING, figures)


def overlay(port: int = 0) -> Result:
    """The overlay's server from its start to the page. Raises ``CallflowError``."""
    from callflow.live.overlay import Overlay  # its packages are an extra

    began = time.monotonic()
    with Overlay(port=port) as served:
        started = time.monotonic() - began
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(served.url, timeout=5) as page:
            page.read()
        answered = time.monotonic() - began - started
    told = text(
        "starts in {s:.2f} s, answers in {a:.0f} ms",
        "{s:.2f} 秒内启动，{a:.0f} 毫秒应答",
        s=started,
        a=1000 * answered,
    )
    return Result("ok", told, NOTHING, {"start_s": round(started, 3), "answer_s": round(answered, 4)})


class Listening(Source, Protocol):
    """A source on the clock of life (``audio.headset``)."""

    notices: Notices
    began: float


Open = Callable[[Device, Device], AbstractContextManager[Listening]]


def capture(open_headset: Open, microphone: str | None, far_end: str | None) -> Result:
    """Both devices for some seconds: does sound come, and how late? Raises ``DeviceError`` where it does not."""
    try:
        found = devices()
        chosen = choose(found, "microphone", microphone), choose(found, "far_end", far_end)
    except DeviceError:  # why, the checks of the two have said
        return Result("warning", text("not measured: no devices", "未测量：没有设备"))
    late: list[float] = []
    loudest = {"agent": -60.0, "customer": -60.0}
    with open_headset(*chosen) as headset:
        for block in headset:
            late.append(time.monotonic() - headset.began - block.end)
            for who, samples in (("agent", block.agent), ("customer", block.customer)):
                loudest[who] = max(loudest[who], peak(samples))
            if block.end >= LISTENED:
                break
        notices = [notice.text for notice in headset.notices.open]
    if notices:
        raise DeviceError(notices[0])
    delay = median(late)
    told = text(
        "{d:.0f} ms late; loudest: microphone {m:.0f} dB, far end {f:.0f} dB",
        "延迟 {d:.0f} 毫秒；最大音量：麦克风 {m:.0f} dB，对方声音 {f:.0f} dB",
        d=max(0.0, 1000 * delay),
        m=loudest["agent"],
        f=loudest["customer"],
    )
    figures = {"delay_s": round(delay, 3), "microphone_db": loudest["agent"], "far_end_db": loudest["customer"]}
    return Result("ok", told, NOTHING, {name: round(value, 3) for name, value in figures.items()})
