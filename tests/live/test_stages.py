"""Two recognisers on one sound: who says what at once, and who decides."""

from callflow.events import Heard
from callflow.live.stages import PATIENCE, Stages


def heard(text: str, final: bool, utterance: str = "a1") -> Heard:
    return Heard(at=1.0, speaker="agent", text=text, final=final, start=0.5, end=1.0, utterance=utterance)


def said(events: list[Heard]) -> list[tuple[str, bool]]:
    return [(event.text, event.final) for event in events]


def test_one_recogniser_decides_alone() -> None:
    stages = Stages()
    assert said(stages.heard("quick", heard("您", False), 1.0)) == [("您", False)]
    assert said(stages.heard("quick", heard("您好", True), 1.2)) == [("您好", True)]


def test_the_final_of_the_quick_one_is_provisional_until_the_accurate_one_decides() -> None:
    stages = Stages("accurate")
    assert said(stages.heard("quick", heard("你好", True), 1.0)) == [("你好", False)]
    assert said(stages.heard("accurate", heard("您好", True), 2.0)) == [("您好", True)]
    assert stages.heard("quick", heard("你好", False), 2.1) == []


def test_where_the_accurate_one_understood_nothing_the_quick_one_counts() -> None:
    stages = Stages("accurate")
    stages.heard("quick", heard("嗯", True), 1.0)
    assert stages.concluded({"agent": 0}, 1.5) == []
    assert said(stages.concluded({"agent": 1}, 2.0)) == [("嗯", True)]
    assert stages.concluded({"agent": 1}, 2.5) == []


def test_nobody_waits_forever_and_a_late_decision_changes_nothing() -> None:
    stages = Stages("accurate")
    stages.heard("quick", heard("嗯", True), 1.0)
    assert said(stages.concluded({}, 1.0 + PATIENCE + 0.1)) == [("嗯", True)]
    assert stages.heard("accurate", heard("恩", True), 9.0) == []


def test_without_the_accurate_one_the_quick_one_goes_on_alone() -> None:
    stages = Stages("accurate")
    stages.heard("quick", heard("好", True), 1.0)
    assert said(stages.without("accurate")) == [("好", True)]
    assert said(stages.heard("quick", heard("再见", True, "a2"), 3.0)) == [("再见", True)]
