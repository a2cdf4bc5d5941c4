"""Sentences that no taboo of the inbound flow may fire on: a false warning costs an agent's trust."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from callflow import flowfiles
from callflow.call.plan import Plan

SENTENCES: dict[str, list[str]] = YAML(typ="safe").load(Path(__file__).with_name("innocent.yaml"))
PLAN = Plan.of(flowfiles.load("inbound")[0])


def taboos(heard: str | list[str]) -> list[str]:
    hits = PLAN.book.find(heard, "agent")
    return [hit.phrase for hit in hits if PLAN.flow.phrases[hit.phrase].kind == "never"]


@pytest.mark.parametrize("said", [said for group in SENTENCES.values() for said in group])
def test_no_taboo_is_heard_in_an_ordinary_sentence(said: str) -> None:
    heard = said.split() if re.fullmatch("[a-z ]+", said) else said
    assert taboos(heard) == []


@pytest.mark.parametrize(
    ("said", "taboo"),
    [
        ("没法查！没办法！", "cant-check"),
        ("没法查啊", "cant-check"),
        ("没法查了", "cant-check"),
        ("这个没办法", "no-way"),
        ("这个没办法啊", "no-way"),
        ("我不清楚，你找别人问", "go-ask-elsewhere"),
        ("这是公司规定，我没办法", "company-rule"),
        ("以前的事情，我不知道", "past-matters"),
        ("机器就这样", "machines-like-that"),
    ],
)
def test_the_taboo_itself_is_still_heard(said: str, taboo: str) -> None:
    assert taboos(said) == [taboo]


def test_i_do_not_understand_is_not_you_do_not() -> None:
    assert "you-dont-understand" not in taboos("我不明白")
