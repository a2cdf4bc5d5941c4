"""A whole call with nothing but real parts: SIP, PulseAudio, PyAudio, a recogniser, the engine, Chromium."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from chromium import until
from live.desk import QUICK, desk, headset, judged_again, spoken
from live.pulse import Pulse, needs_pulse
from live.sip_call import Party, account, parties
from overlay_pages import SIZES, words

from callflow.events import Finding, Heard
from callflow.journal import read_journal
from callflow.telephony.hotkeys import Hotkeys
from callflow.telephony.sip import Softphone

pytestmark = [
    needs_pulse,
    pytest.mark.skipif(not find_spec("baresip"), reason="not installed: baresip-python"),
    pytest.mark.timeout(240),
]


def test_a_call_from_ring_to_hang_up(pulse: Pulse, tmp_path: Path, browser: Any) -> None:
    width, height = SIZES["small"]
    page = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN").new_page()
    agent = Softphone(replace(account("agent"), player="alsa,default"))

    def shows(selector: str, text: str) -> Callable[[], bool]:
        return lambda: text in words(page, selector)

    def phase(name: str) -> Callable[[], bool]:
        return lambda: page.locator("#overlay").get_attribute("data-phase") == name

    def press(act: str) -> None:
        page.locator(f"#keys [data-act={act}]").click()

    def agent_says(start: float, end: float) -> None:
        pulse.play("mic", spoken("faulty", "agent", start, end)).wait()

    def customer_says(party: Party, start: float, end: float) -> None:
        party.say(spoken("faulty", "customer", start, end))

    with parties("customer", "colleague") as (customer, colleague), agent:
        keys = Hotkeys(phone=agent, transfer_to=colleague.address)
        with desk(headset(), tmp_path / "calls", [agent], keys) as place:
            page.goto(place.overlay.url)
            until(page, shows("#idle", "就绪"))

            customer.phone.dial(f"sip:agent@{agent.account.listen}")
            until(page, phase("ringing"))
            time.sleep(6)  # the second ring comes after five seconds
            press("answer")
            customer.wait_for("answered")
            until(page, shows("#text", "您好"))  # the greeting
            agent_says(23.3, 24.6)  # 喂，讲话！
            customer_says(customer, 24.9, 28.4)  # 您好，我想查一下我的货到哪里了。
            agent_says(28.5, 30.2)  # 这事不归我管。
            until(page, shows("#warnings", "不归我管"))

            agent_says(38.0, 39.2)  # 你等一下。
            press("hold")
            until(page, phase("held"))
            time.sleep(3)
            press("hold")
            until(page, shows("#text", "久等"))  # first of all, an apology
            agent_says(48.9, 51.0)  # 没法查！没办法！
            if QUICK:  # whisper does not understand this voice here
                until(page, shows("#warnings", "没法查"))

            press("transfer")
            colleague.wait_for("ringing 1")
            colleague.phone.answer()
            colleague.wait_for("answered")
            press("transfer")  # they have answered …
            time.sleep(0.5)  # within a quarter of a second it would be the same key
            press("transfer")  # … and get the call
            until(page, shows("#idle", "分"))  # ready again, with how the call went
            place.until(place.journals, "the call is over and kept")

    (journal,) = place.journals()
    events = read_journal(journal).events
    kinds = [event.type for event in events if event.type.startswith("call.")]
    assert kinds.count("call.ringing") == 2
    assert [kind for kind in kinds if "ring" not in kind and "context" not in kind][:3] == [
        "call.answered",
        "call.held",
        "call.resumed",
    ]
    verdicts = {(event.rule, event.verdict) for event in events if isinstance(event, Finding)}
    assert {("not-my-job", "violated"), ("apologise-after-hold", "missed")} <= verdicts
    assert ("cant-check", "violated") in verdicts or not QUICK
    assert {event.speaker for event in events if isinstance(event, Heard)} == {"agent", "customer"}
    then, now = judged_again(journal)
    assert then == now
