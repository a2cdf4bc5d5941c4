"""A two-minute service call full of faults, made by hand: its flow, its events, and a recording to go with it."""

from __future__ import annotations

import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pypinyin import Style, lazy_pinyin

from callflow import events as ev
from callflow.flow.model import AnyOf, Cause, Flow, Group, Phrase, Rule, Shape, Situation, StateSpec, Term
from callflow.problems import Location
from callflow.texts import Text

HERE = Location("flow.yaml", 1, 1)
RATE = 8_000
END = 126.6

PHRASES = {
    "greeting": Phrase("greeting", "say", ("您好，国资商城物流事业部，很高兴为您服务",), HERE),
    "not-my-job": Phrase(
        "not-my-job",
        "never",
        ("(这|这个|这事)不归我管",),
        HERE,
        refs=("JJ-2.2.5", "XC-2.3.4"),
        better="这件事我来帮您联系负责的同事，您稍等好吗？",
        severity="severe",
    ),
    "back-from-hold": Phrase("back-from-hold", "say", ("[{客户}，](对不起|很抱歉)[，]让您久等了",), HERE),
    "apology": Phrase("apology", "say", ("对不起，给您造成不便，敬请原谅",), HERE),
    "complains": Phrase("complains", "cue", ("你们怎么搞的",), HERE, by="customer"),
    "goodbye": Phrase("goodbye", "say", ("谢谢您的来电，再见",), HERE),
}
STATES = {
    "ringing": Text("Ringing", "振铃"),
    "greeting": Text("Greeting", "问候"),
    "query": Text("Shipment query", "物流查询"),
    "hold": Text("On hold", "等待保持"),
    "complaint": Text("Complaint", "投诉处理"),
    "transfer": Text("Transfer", "转接"),
    "closing": Text("Closing", "结束语"),
}
RULES: dict[str, tuple[str, str, str, ev.Severity, tuple[str, ...]]] = {
    "answer-in-three-rings": ("Answer within three rings", "三声内接听", "service", "major", ("JJ-1.1.0",)),
    "greet": ("Greet in full", "完整问候", "service", "major", ("KF-2.1.1",)),
    "consent-before-hold": ("Ask consent before a hold", "保持前征得同意", "hold", "major", ("JJ-1.3.1a",)),
    "apologise-after-hold": ("Apologise first after a hold", "返回先致歉", "hold", "major", ("KF-2.1.3", "JJ-1.1.3b")),
    "never-not-my-job": ("Never “not my job”", "禁语：不归我管", "taboo", "severe", ("JJ-2.2.5", "XC-2.3.4")),
    "no-interruption": ("Never cut the customer short", "不打断客户", "taboo", "minor", ("JJ-2.1.1",)),
    "customer-hangs-up": ("The customer hangs up first", "客户先挂机", "service", "fatal", ("JJ-2.1.2",)),
    "read-back": ("Read every field back", "逐项复述核对", "order", "severe", ("KF-2.2.1d",)),
    "apologise-complaint": ("Apologise to a complaint", "投诉先致歉", "service", "major", ("KF-2.2.3d",)),
    "pass-on": ("Pass name and matter on", "转接时说明来电人与事由", "hold", "major", ("JJ-1.2.2d",)),
    "say-goodbye": ("Thank and say goodbye", "致谢道别", "service", "minor", ("KF-2.3.1a",)),
}
TONE = Rule(
    "kind-tone", Shape.NOT_ASSESSED, AnyOf(()), HERE, Text("A kind tone", "态度和蔼"),
    not_assessed=Text("nobody hears that for certain", "听不准"),
)  # fmt: skip
CAUSES = {
    "waiting": Cause("waiting", Text("Waiting", "等待时间"), 27, HERE),
    "attitude": Cause("attitude", Text("Attitude of staff", "服务态度"), 35, HERE),
}
CAUSE_OF = {"hold": "waiting", "taboo": "attitude"}
HOLD_LINE = "我需要帮您核实一下情况，这可能需要您等待1-2分钟，您方便在线等候吗？"
GROUPS = {
    "service": Text("Service wording", "服务用语"),
    "hold": Text("Hold and transfer", "保持与转接"),
    "order": Text("Order intake", "信息登记"),
    "taboo": Text("What must not be said", "服务禁语"),
}

LINES: list[tuple[ev.Speaker, float, float, str]] = [
    ("agent", 8.5, 13.5, "您好，国资商城物流事业部，很高兴为您服务，请问有什么可以帮到您？"),
    ("customer", 14.2, 18.0, "你好，我的货到现在还没到，怎么回事啊"),
    ("agent", 18.6, 21.5, "请把您的国资单号告诉我，我帮您查询一下"),
    ("customer", 22.4, 28.0, "单号是二零二三零八一五七九"),
    ("agent", 28.8, 32.0, "二零二三零八一九七五，对吗？"),
    ("customer", 32.4, 35.0, "不对，是一五七九"),
    ("agent", 35.6, 37.4, "好的，您稍等一下"),
    ("agent", 71.8, 74.0, "喂，查到了，货还在路上"),
    ("customer", 75.0, 79.6, "都三天了，你们怎么搞的"),
    ("agent", 79.0, 83.0, "这个不归我管，你找承运商吧"),
    ("customer", 84.0, 88.0, "那你们谁管？我要投诉"),
    ("agent", 88.5, 94.0, "对不起，给您造成不便，敬请原谅。我帮您把电话转给专家座席好吗？"),
    ("customer", 94.6, 95.8, "好，快点"),
    ("agent", 104.8, 108.6, "对不起，专家座席现在忙线，方便留下您的联系电话吗？"),
    ("customer", 109.4, 115.4, "一三八一二三四五六七八，我姓王"),
    ("agent", 116.0, 120.4, "一三八，一二三四，五六七八，对吗？"),
    ("customer", 121.0, 121.8, "对"),
    ("agent", 122.8, 125.8, "谢谢您的来电，再见！"),
]


@pytest.fixture(scope="session")
def flow() -> Flow:
    term = Term("call.answered")
    return Flow(
        name="inbound",
        title=Text("Inbound service call", "呼入服务"),
        start="ringing",
        states={name: StateSpec(name, HERE, title, title) for name, title in STATES.items()},
        phrases=PHRASES,
        rules={
            name: Rule(
                name,
                Shape.RESPONSE,
                term,
                HERE,
                Text(en, zh),
                group=group,
                refs=refs,
                better=PHRASES["not-my-job"].better if group == "taboo" and "job" in name else "",
            )
            for name, (en, zh, group, _, refs) in RULES.items()
        }
        | {TONE.name: TONE},
        fields={},
        groups={name: Group(name, title, 25, HERE, CAUSE_OF.get(name, "")) for name, title in GROUPS.items()},
        causes=CAUSES,
        situations={"complains": Situation("complains", HERE, Text("The customer complains", "客户抱怨"))},
        slots={},
    )


def heard(n: int) -> ev.Heard:
    speaker, start, end, said = LINES[n]
    return ev.Heard(at=end + 0.4, speaker=speaker, text=said, start=start, end=end, confidence=0.93, utterance=f"u{n}")


def match(n: int, phrase: str, said: str, start: float, end: float) -> ev.Match:
    return ev.Match(
        at=LINES[n][2] + 0.4, phrase=phrase, speaker=LINES[n][0], utterance=f"u{n}", start=start, end=end, said=said,
        score=0.97, stage="confirmed",
    )  # fmt: skip


def finding(rule: str, verdict: ev.Verdict, at: float, *evidence: ev.Evidence, reason: str = "") -> ev.Finding:
    _, _, group, severity, refs = RULES[rule]
    return ev.Finding(
        at=at, rule=rule, verdict=verdict, severity=severity, group=group, cause=CAUSE_OF.get(group, ""), refs=refs,
        evidence=evidence, reason=reason,
    )  # fmt: skip


def prompt(at: float, id_: str, kind: str, words: str, status: str, **more: object) -> ev.Prompt:
    return ev.Prompt(at=at, id=id_, kind=kind, text=words, status=status, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def events() -> list[ev.Event]:
    """Inputs and outputs, interleaved as they happen in a replay."""
    state, field, seen = ev.State, ev.FieldValue, ev.Evidence
    all_: list[ev.Event] = [
        ev.CallContext(at=0, engine="zipformer", date="2024-03-08T10:12:00"),
        state(at=0, from_="", to="ringing"),
        *(ev.CallRinging(at=at, ring=ring) for ring, at in enumerate((0.5, 5.5), start=1)),
        ev.CallAnswered(at=8.1),
        state(at=8.1, from_="ringing", to="greeting", because="call.answered"),
        finding("answer-in-three-rings", "met", 8.1, seen(0.5, 8.1)),
        prompt(8.1, "p1", "say", "您好，国资商城物流事业部，很高兴为您服务，请问有什么可以帮到您？", "shown"),
        heard(0),
        match(0, "greeting", "您好，国资商城物流事业部，很高兴为您服务", 8.5, 11.8),
        prompt(13.9, "p1", "say", "您好，国资商城物流事业部，很高兴为您服务，请问有什么可以帮到您？", "done"),
        finding("greet", "met", 13.9, seen(8.5, 11.8, "agent", "您好，国资商城物流事业部，很高兴为您服务")),
        heard(1),
        state(at=18.4, from_="greeting", to="query"),
        prompt(18.4, "p2", "ask", "请把您的国资单号告诉我，我帮您查询一下", "shown"),
        heard(2),
        prompt(21.9, "p2", "ask", "请把您的国资单号告诉我，我帮您查询一下", "done"),
        heard(3),
        field(at=28.4, name="单号", value="202308 1579", stage="heard"),
        heard(4),
        field(at=32.4, name="单号", value="2023081975", stage="differs"),
        prompt(32.4, "p3", "warn", "客户说的是 2023 0815 79，请重新核对", "shown", said="二零二三零八一九七五"),
        heard(5),
        field(at=35.4, name="单号", value="2023081579", stage="corrected"),
        finding("read-back", "violated", 36.0, seen(28.8, 32.0, "agent", "二零二三零八一九七五"),
                reason="复述的单号与客户所说不同"),
        heard(6),
        prompt(37.6, "p4", "say", HOLD_LINE, "shown", due=38.0),
        ev.CallHeld(at=38.0),
        state(at=38.0, from_="query", to="hold", because="call.held"),
        prompt(38.0, "p4", "say", HOLD_LINE, "expired"),
        finding("consent-before-hold", "missed", 38.0, seen(35.6, 38.0, "agent", "好的，您稍等一下"),
                reason="没有征询客户是否方便等候"),
        ev.CallResumed(at=71.0),
        state(at=71.0, from_="hold", to="query", because="call.resumed"),
        prompt(71.0, "p5", "say", "对不起，让您久等了", "shown", due=74.0),
        heard(7),
        prompt(74.4, "p5", "say", "对不起，让您久等了", "expired"),
        finding("apologise-after-hold", "missed", 74.4, seen(71.8, 74.0, "agent", "喂，查到了，货还在路上"),
                reason="返回后的第一句没有致歉"),
        heard(8),
        match(8, "complains", "你们怎么搞的", 77.0, 79.6),
        state(at=80.0, from_="query", to="complaint", because="customer complains"),
        ev.Situation(at=80.0, name="complains", status="begun", because="customer complains"),
        prompt(80.0, "p6", "say", "对不起，给您造成不便，敬请原谅。", "shown"),
        ev.Overlap(at=79.6, start=79.0, end=79.6, speaker="agent"),
        finding("no-interruption", "violated", 79.8, seen(79.0, 79.6, "agent")),
        heard(9),
        match(9, "not-my-job", "这个不归我管", 79.0, 80.8),
        prompt(83.4, "p7", "warn", "这件事我来帮您联系负责的同事，您稍等好吗？", "shown", said="这个不归我管"),
        finding("never-not-my-job", "violated", 83.4, seen(79.0, 80.8, "agent", "这个不归我管")),
        heard(10),
        heard(11),
        match(11, "apology", "对不起，给您造成不便，敬请原谅", 88.5, 91.2),
        prompt(94.4, "p6", "say", "对不起，给您造成不便，敬请原谅。", "done"),
        finding("apologise-complaint", "met", 94.4, seen(88.5, 91.2, "agent", "对不起，给您造成不便，敬请原谅")),
        heard(12),
        ev.Situation(at=95.8, name="complains", status="over", because="after 15 s"),
        ev.TransferStarted(at=96.5, to="专家座席"),
        state(at=96.5, from_="complaint", to="transfer"),
        ev.TransferFailed(at=104.0, reason="忙线"),
        state(at=104.0, from_="transfer", to="complaint"),
        heard(13),
        heard(14),
        field(at=115.8, name="联系电话", value="13812345678", stage="heard"),
        heard(15),
        field(at=120.8, name="联系电话", value="13812345678", stage="read_back"),
        heard(16),
        field(at=122.0, name="联系电话", value="13812345678", stage="confirmed"),
        state(at=122.2, from_="complaint", to="closing"),
        prompt(122.2, "p8", "say", "谢谢您的来电，再见！", "shown"),
        heard(17),
        match(17, "goodbye", "谢谢您的来电，再见", 122.8, 125.6),
        prompt(126.0, "p8", "say", "谢谢您的来电，再见！", "done"),
        finding("say-goodbye", "met", 126.0, seen(122.8, 125.6, "agent", "谢谢您的来电，再见")),
        ev.CallHungUp(at=END, by="agent"),
        finding("customer-hangs-up", "violated", END, seen(125.8, END, "agent")),
        finding("pass-on", "not_assessed", END, reason="转接没有接通，无从判断"),
        ev.Score(
            at=END,
            total=58.0,
            groups={
                "service": ev.GroupScore(17.5, 25, met=4, violated=1),
                "hold": ev.GroupScore(0, 25, missed=2, not_assessed=1),
                "order": ev.GroupScore(12.5, 25, violated=1),
                "taboo": ev.GroupScore(10, 25, violated=2),
            },
            not_assessed=("pass-on",),
        ),
    ]  # fmt: skip
    return all_


@pytest.fixture(scope="session")
def by_sound() -> Callable[[ev.Event], ev.Event]:
    """The same event as a recogniser tells it that hears syllables and knows no characters."""

    def syllables(words: str) -> tuple[str, ...]:
        han = "".join(sign for sign in words if "\u4e00" <= sign <= "\u9fff")
        return tuple(lazy_pinyin(han, style=Style.TONE))

    def told(event: ev.Event) -> ev.Event:
        if isinstance(event, ev.Heard):
            return replace(event, text="", sounds=syllables(event.text))
        if isinstance(event, ev.Match):
            return replace(event, said=" ".join(syllables(event.said)))
        if isinstance(event, ev.Finding):
            seen = tuple(replace(item, said=" ".join(syllables(item.said))) for item in event.evidence)
            return replace(event, evidence=seen)
        return event

    return told


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two channels, agent left: hummed syllables where somebody speaks, a ring tone, hold music."""
    generator = np.random.default_rng(7)
    seconds = np.arange(int(END * RATE)) / RATE
    sound = np.zeros((2, len(seconds)))
    for speaker, start, end, said in LINES:
        part = slice(int(start * RATE), int(end * RATE))
        time = seconds[part] - start
        syllables = np.abs(np.sin(np.pi * time * len(said) / (end - start)))
        pitch = 190 if speaker == "agent" else 130
        hum = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in (1, 2, 3, 5))
        sound[int(speaker == "customer"), part] += 0.22 * syllables * hum * (0.6 + 0.4 * generator.random())
    ring = ((seconds % 5.0) > 0.5) & ((seconds % 5.0) < 1.5) & (seconds < 8)
    sound[0] += 0.15 * np.sin(2 * np.pi * 450 * seconds) * ring
    hold = (seconds > 38.5) & (seconds < 70.8)
    sound[1] += 0.08 * np.sin(2 * np.pi * (330 + 110 * ((seconds * 2).astype(int) % 3)) * seconds) * hold
    sound += 0.004 * generator.standard_normal(sound.shape)
    path = tmp_path_factory.mktemp("call") / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1).T * 32_767).astype("<i2").tobytes())
    return path
