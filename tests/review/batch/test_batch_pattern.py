"""What the names of recordings say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from callflow.errors import BadInput
from callflow.review.batch.pattern import Pattern
from callflow.review.batch.task import Metadata

WHEN = datetime(2026, 3, 2, 9, 30, 5)


@pytest.mark.parametrize(
    ("pattern", "name", "said"),
    [
        (
            "{agent}_{time:%Y%m%d-%H%M%S}_{queue}.wav",
            "1001_20260302-093005_售后.wav",
            Metadata(agent="1001", queue="售后", time=WHEN),
        ),
        ("{agent}_{time:%Y%m%d-%H%M%S}_{queue}", "1001_20260302-093005_b.mp3", Metadata("1001", queue="b", time=WHEN)),
        ("{direction}-{customer}-{}.wav", "呼入-138001-x7.wav", Metadata(direction="inbound", customer="138001")),
        ("{agent}-{queue}.wav", "li-wei-sales.wav", Metadata(agent="li", queue="wei-sales")),
        ("{team}/{agent}/{time:%Y-%m-%d}.wav", "a/b/7/2026-03-02.wav", Metadata("7", "b", time=datetime(2026, 3, 2))),
        ("[{agent}] ({queue})+.wav", "[7] (a.b)+.wav", Metadata(agent="7", queue="a.b")),
        ("{agent}.wav", "7.mp3", None),
        ("{agent}_{time:%Y%m%d}.wav", "7_20261399.wav", None),
        ("{direction}.wav", "sideways.wav", None),
        ("{team}/{agent}.wav", "7.wav", None),
    ],
)  # fmt: skip
def test_what_a_name_says(pattern: str, name: str, said: Metadata | None) -> None:
    assert Pattern.of(pattern).read(Path(name)) == said


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("{agnet}.wav", 'no field "agnet" — did you mean "agent"?'),
        ("{agent}{agent}.wav", '"agent" stands twice'),
        ("{time}.wav", "time needs its form"),
        ("{time:%Q}.wav", '"%Q" is not known here'),
        ("{agent", "expected '}'"),
        ("call.wav", "it names nothing"),
        ("", "it names nothing"),
    ],
)
def test_a_pattern_that_is_none(pattern: str, complaint: str) -> None:
    with pytest.raises(BadInput) as raised:
        Pattern.of(pattern)
    assert complaint in raised.value.in_("en")
    assert raised.value.in_("zh") != raised.value.in_("en")


def test_a_name_may_be_hostile() -> None:
    said = Pattern.of("{agent}_{queue}").read(Path("a\x1b[31m\n_" + "很" * 250 + ".wav"))
    assert said == Metadata(agent="a[31m", queue="很" * 200)
