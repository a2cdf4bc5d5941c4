"""Asterisk's AMI and ARI: recorded traffic read by the pure half, served by small servers, and, where there is one, a
real Asterisk."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

pytest.importorskip("websockets", reason="the extra live is not installed")

from live.sip_call import Party, until
from telephony import exchange
from telephony.asterisk import NAMES, SECRET, Exchange, asterisk, command
from telephony.asterisk_calls import CALLS

from callflow.errors import TelephonyError
from callflow.events import Event
from callflow.telephony import ami, ari
from callflow.telephony.ami import Manager, Messages
from callflow.telephony.ari import RestInterface
from callflow.telephony.asterisk import Extension, Fact
from callflow.telephony.link import Link
from callflow.telephony.source import Notice, Reported

TRAFFIC = Path(__file__).parent / "traffic"
EXPECTED: dict[str, list[str]] = YAML(typ="safe").load(TRAFFIC / "expected.yaml")


def written(event: Event) -> str:
    """An event as in expected.yaml."""
    fields = {name: getattr(event, name, None) for name in ("ring", "by", "to", "reason")}
    return " ".join([event.type.removeprefix("call."), *(f"{k}={v}" for k, v in fields.items() if v)])


def recorded(name: str, interface: str) -> list[Fact]:
    """The facts of one recording."""
    if interface == "ami":
        messages = Messages().feed((TRAFFIC / f"{name}.ami.txt").read_bytes())
        return [fact for message in messages for fact in ami.facts_of(message)]
    lines = (TRAFFIC / f"{name}.ari.jsonl").read_text(encoding="utf-8").splitlines()
    return [fact for line in lines for fact in ari.facts_of(json.loads(line))]


@pytest.mark.parametrize("interface", ["ami", "ari"])
@pytest.mark.parametrize("name", EXPECTED)
def test_recorded_calls(name: str, interface: str) -> None:
    extension = Extension("PJSIP/agent")
    reported = [item for fact in recorded(name, interface) for item in extension.take(fact, 0.0)]
    assert [written(item.event) for item in reported] == EXPECTED[name]
    assert len({item.call for item in reported}) == 1


def test_one_extension_follows_call_after_call_and_no_others() -> None:
    for endpoint, theirs in (("agent", True), ("PJSIP/agent", True), ("gent", False), ("SIP/agent", False)):
        extension = Extension(endpoint)
        reported = [item for name in EXPECTED for fact in recorded(name, "ami") for item in extension.take(fact, 0.0)]
        expected = [event for events in EXPECTED.values() for event in events] if theirs else []
        assert [written(item.event) for item in reported] == expected


def test_a_second_caller_who_waits_is_next() -> None:
    extension = Extension("1001")
    facts = [
        *(Fact("channel", "1", "PJSIP/1001-01", state) for state in ("Ringing", "Up")),
        Fact("channel", "2", "PJSIP/1001-02", "Ringing"),
        Fact("gone", "1"),
        Fact("channel", "2", "PJSIP/1001-02", "Up"),
    ]
    reported = [item for fact in facts for item in extension.take(fact, 0.0)]
    assert [(written(item.event), item.call) for item in reported] == [
        *(("ringing ring=1", "1"), ("answered", "1"), ("hung_up", "1")),
        *(("ringing ring=1", "2"), ("answered", "2")),
    ]


def test_messages_come_in_portions_of_any_size() -> None:
    data = (TRAFFIC / "whole.ami.txt").read_bytes()
    whole = Messages().feed(data)
    for size in (1, 7, 4096):
        cut = Messages()
        assert [m for at in range(0, len(data), size) for m in cut.feed(data[at : at + size])] == whole


def test_a_message_without_end_is_no_message() -> None:
    with pytest.raises(ConnectionError):
        Messages().feed(b"a: b\r\n" * 300_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(["PJSIP/a-1", "Up", "Ringing"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "state", "caller", "channels"]), inner)
    ),
)
KINDS = st.sampled_from(
    [
        *("ChannelCreated", "Dial", "ChannelEnteredBridge", "ChannelHold", "ChannelDestroyed", "BridgeBlindTransfer"),
        *("BridgeAttendedTransfer", "ChannelHangupRequest", "Nonsense"),
    ]
)
KEYS = st.sampled_from(
    ["channel", "bridge", "caller", "peer", "transferer_first_leg", "transfer_target", "exten", "result", "soft"]
)


@example([{"type": "ChannelEnteredBridge", "bridge": {"channels": 3}}])
@example([{"type": "BridgeAttendedTransfer", "transfer_target": {"caller": "x"}}])
@example([{"type": "ChannelCreated", "channel": {"id": [], "name": {}, "dialplan": 3}}])
@given(st.lists(st.builds(lambda kind, rest: {**rest, "type": kind}, KINDS, st.dictionaries(KEYS, JSON))))
def test_whatever_comes_nothing_breaks(events: list[object]) -> None:
    extension = Extension("a")
    for event in [*events, None, 3, []]:
        for fact in ari.facts_of(event):
            extension.take(fact, 0.0)


# ------------------------------------------------------------------------------------------ over a socket


def collect(link: Link, count: int) -> list[Reported | Notice]:
    """The next ``count`` signals."""
    got: list[Reported | Notice] = []
    until(lambda: got.extend(link.waiting()) or len(got) >= count, lambda: f"{got}")  # type: ignore[arg-type, func-returns-value]
    return got


def events_of(signals: list[Reported | Notice]) -> list[str]:
    return [written(signal.event) for signal in signals if isinstance(signal, Reported)]


def traffic(name: str) -> tuple[bytes, bytes]:
    """What AMI sends in one call after its login, and what ARI sends."""
    _, _, text = (TRAFFIC / f"{name}.ami.txt").read_bytes().partition(b"CoreShowChannelsComplete")
    return text.partition(b"\r\n\r\n")[2], (TRAFFIC / f"{name}.ari.jsonl").read_bytes()


def client(kind: str, port: int, secret: str = exchange.SECRET) -> Link:
    if kind == "ami":
        return Manager("PJSIP/agent", exchange.USER, secret, port=port)
    return RestInterface("PJSIP/agent", exchange.USER, secret, f"http://127.0.0.1:{port}")


SERVERS = {"ami": exchange.ami, "ari": exchange.ari}


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("kind", SERVERS)
def test_a_served_call(kind: str, name: str) -> None:
    played = exchange.Played([traffic(name)[kind == "ari"]])
    with SERVERS[kind](played), client(kind, played.port) as link:
        signals = collect(link, 1 + len(EXPECTED[name]))
        played.stopped.set()
    assert isinstance(signals[0], Notice)
    assert signals[0].over
    assert events_of(signals) == EXPECTED[name]
    assert not any(exchange.SECRET in str(action) for action in played.actions)


@pytest.mark.parametrize("kind", SERVERS)
def test_a_wrong_password_is_said_in_words(kind: str) -> None:
    played = exchange.Played()
    with SERVERS[kind](played), pytest.raises(TelephonyError, match="refuses callflow"):  # noqa: SIM117
        with client(kind, played.port, "wrong"):
            pass


@pytest.mark.parametrize("kind", SERVERS)
def test_what_happened_while_the_connection_was_lost(kind: str) -> None:
    """The first connection breaks in mid-call; when the second is made, the call is over."""
    answered = {
        "ami": traffic("whole")[0].partition(b"Event: Hold")[0],
        "ari": b"\n".join(line for line in traffic("whole")[1].splitlines() if b'"ChannelHold"' not in line).partition(
            b'{"type":"ChannelUnhold"'
        )[0],
    }[kind]
    played = exchange.Played([answered], stays=False)
    with SERVERS[kind](played), client(kind, played.port) as link:
        signals = collect(link, 6)
    assert events_of(signals)[:3] == ["ringing ring=1", "answered", "hung_up"]
    notices = [signal for signal in signals if isinstance(signal, Notice)]
    assert [notice.over for notice in notices][:3] == [True, False, True]
    assert "127.0.0.1" in notices[1].message.en


def test_what_is_no_event_is_passed_over() -> None:
    nonsense = b"\n".join([b"{}", b"3", b"null", b"[" * 5000 + b"]" * 5000, traffic("agent_ends")[1]])
    played = exchange.Played([nonsense])
    with exchange.ari(played), client("ari", played.port) as link:
        assert events_of(collect(link, 1 + len(EXPECTED["agent_ends"]))) == EXPECTED["agent_ends"]
        played.stopped.set()


@pytest.mark.parametrize("kind", SERVERS)
def test_nobody_there_yet(kind: str) -> None:
    played = exchange.Played()
    with SERVERS[kind](played):
        pass  # the port is free again
    link = client(kind, played.port)
    with link:
        (first,) = collect(link, 1)[:1]
        assert isinstance(first, Notice)
        assert "cannot be reached" in first.message.en
        with SERVERS[kind](exchange.Played(port=played.port)):
            until(lambda: any(isinstance(s, Notice) and s.over for s in link.waiting()), lambda: "never connected")


@pytest.mark.parametrize("kind", SERVERS)
def test_a_name_that_cannot_be_looked_up_is_a_notice(kind: str) -> None:
    """The library raises ``UnicodeError`` for it, which is no ``OSError``."""
    link: Link = (
        Manager("PJSIP/agent", exchange.USER, exchange.SECRET, "exch..ange")
        if kind == "ami"
        else RestInterface("PJSIP/agent", exchange.USER, exchange.SECRET, "http://exch..ange:8088")
    )
    with link:
        (first,) = collect(link, 1)[:1]
        assert link._thread.is_alive(), "it is tried again"
    assert isinstance(first, Notice)
    assert "exch..ange" in first.message.en


def test_something_else_at_the_port() -> None:
    with exchange.ami(exchange.Played(), banner=b"220 mail.example\r\n") as played:  # noqa: SIM117
        with pytest.raises(TelephonyError, match="no Asterisk Manager"), client("ami", played.port):
            pass


# ------------------------------------------------------------------------------------------ a real one


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Exchange, list[Party]]]:
    pytest.importorskip("baresip", reason="the extra sip is not installed")
    from callflow.telephony.sip import Softphone

    if command() is None:
        pytest.skip("no Asterisk is installed; its recordings are tested")
    with asterisk(tmp_path_factory.mktemp("asterisk")) as running, ExitStack() as phones:
        yield running, [Party(phones.enter_context(Softphone(running.account(name)))) for name in NAMES]


@pytest.mark.parametrize("name", CALLS)
def test_a_real_call(real: tuple[Exchange, list[Party]], name: str) -> None:
    running, parties = real
    links = [
        Manager("PJSIP/agent", "callflow", SECRET, port=running.ami),
        RestInterface("agent", "callflow", SECRET, f"http://127.0.0.1:{running.ari}"),
    ]
    with links[0], links[1]:
        for party in parties:
            party.forget()
        CALLS[name](*parties)
        for link in links:
            assert events_of(collect(link, 1 + len(EXPECTED[name]))) == EXPECTED[name]


def test_a_real_refusal(real: tuple[Exchange, list[Party]]) -> None:
    from callflow.telephony.sip import Softphone

    running, _ = real
    for link in (
        Manager("agent", "callflow", "wrong", port=running.ami),
        RestInterface("agent", "callflow", "wrong", f"http://127.0.0.1:{running.ari}"),
        Softphone(running.account("agent", "wrong")),
    ):
        with pytest.raises(TelephonyError, match="refuses"), link:
            pass
