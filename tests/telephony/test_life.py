"""The life of a call, its rings, and the inbox that all sources share: no telephone needed."""

import threading

from callflow.events import CallAnswered, CallHeld, CallRinging
from callflow.telephony.life import Rings, Status, after, may_come
from callflow.telephony.source import CALL_EVENTS, Inbox, Notice, Reported
from callflow.texts import text


def test_a_ring_every_five_seconds_however_often_one_looks() -> None:
    rings = Rings()
    assert [r.event for r in rings.begin("a", 100.0)] == [CallRinging(at=0.0, ring=1)]
    assert rings.begin("a", 101.0) == []
    assert rings.due(104.9) == []
    late = rings.due(111.0)
    assert [(r.event, r.monotonic) for r in late] == [
        (CallRinging(at=0.0, ring=2), 105.0),
        (CallRinging(at=0.0, ring=3), 110.0),
    ]
    assert rings.wait(111.0) == 4.0
    rings.stop("a")
    assert (rings.due(200.0), rings.wait(200.0)) == ([], None)


def test_what_may_follow_what() -> None:
    assert after(Status.RINGING, CallAnswered(at=0.0)) is Status.TALKING
    assert after(Status.HELD, CallHeld(at=0.0)) is None
    assert may_come(Status.NONE) == ["call.ringing", "call.answered"]
    assert may_come(Status.OVER) == []
    assert {kind for status in Status for kind in may_come(status)} == {event.type for event in CALL_EVENTS}


def test_what_is_reported_is_stamped_by_the_session() -> None:
    assert Reported(CallRinging(at=0.0, ring=2), "a", 77.0).stamped(1.5) == CallRinging(at=1.5, ring=2)


def test_the_inbox_lets_go_whoever_waits_when_it_closes() -> None:
    inbox = Inbox()
    taken: list[object] = []
    reader = threading.Thread(target=lambda: taken.extend(inbox))
    reader.start()
    inbox.report(CallAnswered(at=0.0), "a")
    inbox.notice("x", text("it broke", "坏了"))
    inbox.close()
    reader.join(10)
    assert [type(item) for item in taken] == [Reported, Notice]
    assert inbox.waiting() == []
    assert list(inbox) == []
