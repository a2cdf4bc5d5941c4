"""A prompt that cannot be read in the time there is.

An agent who listens reads some 5 characters a second. A rule's prompt has to be read before its time (`within`) is
over; those of a situation before it is over (`lasts`), and those of a state before its time-out (`after …` under `on:`)
leads on, all of them together. Rings count 5 s, sentences are not counted.

PASS:
    rules:
      note: {after: call.resumed, expect: call.held, within: 10s, prompt: {do: 按保持键}}
FAIL:
    rules:
      note: {after: call.resumed, expect: call.held, within: 2s, prompt: {do: 请先按保持键，再去查询，并在返回时致歉}}
    #                                                                    ^
FAIL:
    situations:
      upset: {lasts: 3s, prompts: [{tip: 先处理心情，再处理事情：冷静、积极面对，不带个人情绪}]}
    #                              ^
FAIL:
    states:
      talk:
        prompts: [{tip: 友善、真诚、礼貌地接待每一位来电的客户}, {tip: 面带微笑，声音清澈、热情：微笑听得见}]
    #             ^
        on: {after 5s: ended}
      ended: {final: true}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callflow.design.lint.subject import Subject
from callflow.flow.model import PromptSpec, Rule, Shape
from callflow.problems import Level, Problem
from callflow.texts import text

CHARACTERS_PER_SECOND = 5.0
"""Silent reading is 5 to 8 characters a second where one does nothing else; an agent is listening, and often typing."""
SECONDS_PER_RING = 5.0


def check(subject: Subject) -> Iterator[Problem]:
    flow = subject.flow
    for rule in flow.rules.values():
        if rule.prompt and (time := _time_for(rule)):
            yield from _told([rule.prompt], time)
    for situation in flow.situations.values():
        yield from _told(situation.prompts, situation.lasts)
    for state in flow.states.values():
        times = [transition.after for transition in state.transitions if transition.after is not None]
        yield from _told(state.prompts, min(times)) if times else ()


def _time_for(rule: Rule) -> float | None:
    span = rule.within or rule.span
    if span is None or rule.shape is Shape.PRECEDENCE or span.unit == "sentences":
        return None
    return span.amount * (SECONDS_PER_RING if span.unit == "rings" else 1.0)


def _told(prompts: Sequence[PromptSpec], time: float) -> Iterator[Problem]:
    needed = sum(map(_letters, prompts)) / CHARACTERS_PER_SECOND
    if needed > time:
        message = text(
            "takes about {n:.0f} s to read, but there are {t:g} s: shorten it, or give more time",
            "约需 {n:.0f} 秒才能读完，但只有 {t:g} 秒：请缩短文字，或放宽时间",
            n=max(needed, time + 1), t=time,
        )  # fmt: skip
        yield Problem(prompts[0].at, message, "prompt-too-long", Level.WARNING)


def _letters(prompt: PromptSpec) -> int:
    return sum(char.isalnum() for char in prompt.text)
