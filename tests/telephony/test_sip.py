"""Real SIP calls between telephones on this computer."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("baresip", reason="the extra sip is not installed")

from live.sip_call import Party, account, free_port, parties, until

from callflow.audio.telephone import Telephone
from callflow.errors import TelephonyError
from callflow.events import CallHungUp, TransferFailed, TransferStarted
from callflow.telephony.hotkeys import Hotkeys
from callflow.telephony.sip import SipAccount, Softphone
from callflow.telephony.source import Pressed


@pytest.fixture
def three() -> Iterator[list[Party]]:
    with parties("agent", "customer", "expert") as all_three:
        yield all_three


def talk(agent: Party, customer: Party) -> None:
    customer.phone.dial(agent.address)
    agent.wait_for("ringing 1")
    agent.phone.answer()
    agent.wait_for("answered")
    customer.wait_for("answered")


def test_a_whole_call(three: list[Party]) -> None:
    agent, customer, expert = three
    customer.phone.dial(agent.address)
    agent.wait_for("ringing 2")
    agent.phone.answer()
    agent.wait_for("answered")
    agent.phone.hold()
    agent.wait_for("held")
    until(lambda: customer.events and customer.notices, lambda: "the customer does not see the hold")
    agent.phone.resume()
    agent.wait_for("resumed")
    agent.phone.transfer(expert.address)
    expert.wait_for("ringing 1")
    expert.phone.answer()
    agent.wait_for("hung_up")
    assert agent.kinds == [
        *("ringing 1", "ringing 2", "answered", "held", "resumed"),
        *("transfer_started", "transfer_answered", "transfer_completed", "hung_up"),
    ]
    assert agent.events[5] == TransferStarted(at=0.0, to=expert.address)
    assert len({reported.call for reported in agent.reported}) == 1
    times = [reported.monotonic for reported in agent.reported]
    assert times == sorted(times)
    assert times[1] - times[0] == 5.0
    expert.phone.hang_up()
    expert.wait_for("hung_up")
    assert expert.events[-1] == CallHungUp(at=0.0, by="agent")


def test_who_hung_up(three: list[Party]) -> None:
    agent, customer, _ = three
    talk(agent, customer)
    customer.phone.hang_up()
    agent.wait_for("hung_up")
    assert agent.events[-1] == CallHungUp(at=0.0, by="customer")
    talk(agent, customer)
    agent.phone.hang_up()
    agent.wait_for("hung_up")
    assert agent.events[-1] == CallHungUp(at=0.0, by="agent")
    assert len({reported.call for reported in agent.reported}) == 2


def test_a_caller_who_gives_up_and_one_who_is_sent_away(three: list[Party]) -> None:
    agent, customer, expert = three
    customer.phone.dial(agent.address)
    agent.wait_for("ringing 1")
    expert.phone.dial(agent.address)  # while another call rings
    expert.wait_for("hung_up")
    assert agent.kinds == ["ringing 1"]
    customer.phone.hang_up()
    agent.wait_for("hung_up")
    assert agent.events[-1] == CallHungUp(at=0.0, by="customer")


def test_hand_over_after_asking(three: list[Party]) -> None:
    agent, customer, expert = three
    talk(agent, customer)
    agent.phone.consult(expert.address)
    expert.wait_for("ringing 1")
    expert.phone.answer()
    agent.wait_for("transfer_answered")
    agent.phone.hand_over()
    agent.wait_for("hung_up")
    assert agent.kinds[2:] == ["transfer_started", "transfer_answered", "transfer_completed", "hung_up"]


def test_hotkeys_work_the_telephone(three: list[Party]) -> None:
    agent, customer, expert = three
    keys = Hotkeys(phone=agent.phone, transfer_to=expert.address)
    now = count(1.0)  # a key that comes twice at the same time is one

    def press(action: str, outcome: str) -> None:
        keys.press(action, next(now))
        follow(outcome)

    def follow(outcome: str) -> None:
        known = len(agent.reported)
        agent.wait_for(outcome)
        for reported in agent.reported[known:]:
            keys.follow(reported)

    customer.phone.dial(agent.address)
    follow("ringing 1")
    press("answer", "answered")
    press("hold", "held")
    press("hold", "resumed")
    press("transfer", "transfer_started")
    expert.wait_for("ringing 1")
    press("hold", "transfer_failed")
    expert.wait_for("hung_up")
    press("transfer", "transfer_started")
    expert.wait_for("ringing 1")
    expert.phone.answer()
    follow("transfer_answered")
    press("transfer", "hung_up")
    assert agent.kinds[-2:] == ["transfer_completed", "hung_up"]
    press("tick", "hung_up")
    assert [type(signal) for signal in keys.waiting()] == [Pressed]


def test_nobody_takes_the_transfer(three: list[Party]) -> None:
    agent, customer, expert = three
    talk(agent, customer)
    agent.phone.consult(expert.address)
    expert.wait_for("ringing 1")
    expert.phone.hang_up()
    agent.wait_for("transfer_failed")
    assert isinstance(agent.events[-1], TransferFailed)
    assert "486" in agent.events[-1].reason
    agent.phone.transfer(expert.address.replace("expert", "nobody"))
    until(lambda: agent.kinds.count("transfer_failed") == 2, lambda: f"{agent.kinds}")
    agent.phone.consult(expert.address)
    expert.wait_for("ringing 1")
    agent.phone.take_back()
    until(lambda: agent.kinds.count("transfer_failed") == 3, lambda: f"{agent.kinds}")
    customer.phone.hang_up()
    agent.wait_for("hung_up")


def test_sound_goes_both_ways(three: list[Party]) -> None:
    agent, customer, _ = three
    talk(agent, customer)
    seconds = np.arange(2 * 16_000) / 16_000
    for speaker, listener, pitch in ((agent, customer, 440), (customer, agent, 1200)):
        listener.heard()
        speaker.say((8000 * np.sin(2 * np.pi * pitch * seconds)).astype(np.int16))
        until(lambda there=listener: np.abs(there.heard()).max(initial=0) > 4000, lambda: "nothing arrives")  # type: ignore[misc]
        spectrum = np.abs(np.fft.rfft(listener.heard()[-16_000:]))
        assert abs(spectrum.argmax() * 16_000 / 16_000 - pitch) < 3


def test_a_call_is_a_source_of_both_voices(three: list[Party]) -> None:
    agent, customer, _ = three
    talk(agent, customer)
    pitches = {"agent": 500, "customer": 1500}
    tones = {
        name: (8000 * np.sin(2 * np.pi * pitch * np.arange(3 * 16_000) / 16_000)).astype(np.int16)
        for name, pitch in pitches.items()
    }
    with Telephone(agent.phone) as source:
        speaking = [
            threading.Thread(target=customer.say, args=(tones["customer"],)),
            threading.Thread(target=_into_microphone, args=(source, tones["agent"])),
        ]
        for thread in speaking:
            thread.start()
        blocks = [next(source) for _ in range(200)]  # 4 s: the tones and silence after them
        for thread in speaking:
            thread.join()
    assert [round(block.at / 0.02) for block in blocks] == list(range(200))
    for name, pitch in pitches.items():
        sound = np.concatenate([getattr(block, name) for block in blocks])
        spectrum = np.abs(np.fft.rfft(sound[16_000 : 2 * 16_000]))
        assert abs(spectrum.argmax() - pitch) < 25  # a late piece breaks the wave
        assert np.abs(sound).max() > 6000
        assert np.abs(sound[-3200:]).max() < 100
    assert np.abs(customer.heard()).max() > 6000  # and the agent was heard there


def _into_microphone(source: Telephone, samples: NDArray[np.int16]) -> None:
    began = time.perf_counter()
    for at in range(0, len(samples), 320):
        time.sleep(max(0.0, began + (at + 320) / 16_000 - time.perf_counter()))
        source.microphone(began + at / 16_000, samples[at : at + 320])


@pytest.mark.parametrize("fate", [signal.SIGSEGV, signal.SIGSTOP], ids=["crash", "hang"])
def test_a_sip_stack_that_is_gone_is_survived(
    three: list[Party], fate: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callflow.telephony.sip._SILENT", 3.0)
    agent, customer, _ = three
    talk(agent, customer)
    os.kill(agent.phone._process.pid, fate)
    agent.wait_for("hung_up")
    assert agent.events[-1] == CallHungUp(at=0.0)
    until(lambda: agent.kinds and [n.over for n in agent.notices] == [False, True], lambda: f"{agent.notices}")
    customer.phone.hang_up()
    customer.wait_for("hung_up")
    talk(agent, customer)


def test_a_telephone_that_cannot_start_says_why() -> None:
    taken = account("agent")
    broken = SipAccount("agent", taken.domain, register=False, interface="127.0.0.1", player="nonsense")
    with pytest.raises(TelephonyError, match="nonsense"), Softphone(broken):
        pass


def test_a_port_that_is_taken_is_named() -> None:
    with parties("first") as (first,):
        taken = first.phone.account.listen
        second = Softphone(SipAccount("second", taken, register=False, interface="127.0.0.1", listen=taken))
        with pytest.raises(TelephonyError, match=taken), second:
            pass


def test_nobody_answers_at_the_registrar() -> None:
    there = f"127.0.0.1:{free_port()}"
    with Softphone(SipAccount("agent", there, "secret", interface="127.0.0.1")) as phone:
        notice = next(phone)
        assert there in str(getattr(notice, "message", ""))
        assert "secret" not in str(phone.account)
