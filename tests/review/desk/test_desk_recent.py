"""Figures made a moment ago are kept for a moment: how many, for how long, and who waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from callflow.errors import CallflowError
from callflow.review.desk import recent
from callflow.review.desk.recent import Recent


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass."""
    now = [100.0]
    monkeypatch.setattr("callflow.review.desk.recent.time.monotonic", lambda: now[0])

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def test_what_was_made_lasts_for_a_while_and_then_goes(clock: Callable[[float], None]) -> None:
    kept, made = Recent(), list[str]()

    def make(name: str, lasts: float = recent.LASTS) -> str:
        return kept.of(name, lambda: made.append(name) or name, lasts)  # type: ignore[func-returns-value]

    assert make("a") == make("a") == "a"
    make("long", 3600)
    assert made == ["a", "long"]
    clock(recent.LASTS + 1)
    make("b")
    assert set(kept._kept) == {"b", "long"}, "what nobody asks for again goes, too"
    make("a")
    make("long", 3600)
    assert made == ["a", "long", "b", "a"]


def test_what_is_kept_is_bound_by_how_much_it_is(clock: Callable[[float], None]) -> None:
    kept = Recent()
    weeks = [dict.fromkeys(range(1_000), 0)] * 100
    for number in range(9):
        kept.of(number, lambda: (weeks, {}))
    assert sum(weight for _, weight, _ in kept._kept.values()) <= recent.MOST
    assert list(kept._kept) == [7, 8], "the latest"
    kept.of("huge", lambda: weeks * 9)
    assert list(kept._kept) == ["huge"]


def test_of_many_who_ask_for_the_same_one_makes_it_and_nobody_waits_without_end() -> None:
    kept, go, made, told = Recent(), threading.Event(), list[int](), list[object]()

    def make() -> str:
        go.wait(20)
        made.append(1)
        return "made"

    def ask(key: object) -> None:
        try:
            told.append(kept.of(key, make))
        except CallflowError as error:
            told.append(error)

    def begin(key: object) -> threading.Thread:
        thread = threading.Thread(target=ask, args=(key,))
        thread.start()
        return thread

    waiting = [begin("same") for _ in range(recent.WAITING)]
    while kept._waiting.acquire(blocking=False):  # until all of them wait
        kept._waiting.release()
    ask("other")  # does not wait at all
    assert [type(one) for one in told] == [CallflowError]
    go.set()
    for thread in waiting:
        thread.join()
    assert told[1:] == ["made"] * recent.WAITING
    assert made == [1]
    assert kept.of("same", make) == "made"
    assert made == [1]
    assert kept._making == {}


def test_those_who_wait_for_what_fails_get_its_error_and_do_not_try_one_after_another() -> None:
    kept, go, tries, told = Recent(), threading.Event(), list[int](), list[Exception]()

    def make() -> str:
        tries.append(1)
        go.wait(20)
        raise CallflowError(*recent.BUSY)

    def ask() -> None:
        try:
            kept.of("same", make)
        except CallflowError as error:
            told.append(error)

    waiting = [threading.Thread(target=ask) for _ in range(recent.WAITING)]
    for thread in waiting:
        thread.start()
    while kept._waiting.acquire(blocking=False):  # until all of them wait
        kept._waiting.release()
    with kept._lock:  # the last one, too
        go.set()
    for thread in waiting:
        thread.join()
    assert (len(tries), len(set(told)), len(told)) == (1, 1, recent.WAITING)
    assert kept._making == {}


def test_what_fails_is_tried_again_by_the_next() -> None:
    kept = Recent()
    for _ in range(recent.WAITING + 1):
        with pytest.raises(ZeroDivisionError):
            kept.of("key", lambda: 1 / 0)
    assert kept.of("key", lambda: 5.0) == 5.0
