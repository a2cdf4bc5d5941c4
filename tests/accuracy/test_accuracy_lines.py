"""The lines of the accuracy benches: every text of the guides, speakable, and the same every time."""

import re

from measures import lines as measured


def test_every_say_and_taboo_has_its_lines() -> None:
    lines = measured.lines()
    assert len({line.id for line in lines}) == len(lines)
    assert {line.kind for line in lines} == {"say", "taboo"}
    assert {"KF-2.1.1", "JJ-2.2.5", "XC-2.3.4", "GT-5b"} <= {line.clause for line in lines}


def test_a_line_can_be_spoken() -> None:
    for line in measured.lines(seed=7):
        assert re.fullmatch("[\u4e00-\u9fff，。？！]+", line.said), line
        assert line.text in line.said


def test_choices_are_all_taken_and_gaps_filled() -> None:
    texts = {line.id: line.text for line in measured.lines()}
    assert texts["KF-2.3.1b/1.1"] == "祝您周末愉快，再见！"
    assert texts["KF-2.3.1b/1.2"] == "祝您中秋节快乐，再见！"
    assert re.fullmatch("这.机器就这样|老机器就这样|我们的机器就这样", texts["XC-2.3.4/16"])


def test_a_seed_draws_the_same_again_and_another_seed_otherwise() -> None:
    assert measured.lines(3) == measured.lines(3)
    assert measured.lines(3) != measured.lines(4)


def test_nothing_is_said_around_a_line_that_stands_alone() -> None:
    for line in measured.lines():
        if line.clause == "JJ-2.2.1":
            assert line.said == line.text
