"""Calls over an Asterisk as people make them, by name; what callflow makes of each is in traffic/expected.yaml."""

import time
from collections.abc import Callable

from live.sip_call import Party

PAUSE = 0.4
"""Seconds between two things that people do."""


def talk(agent: Party, customer: Party) -> None:
    customer.phone.dial("agent")
    agent.wait_for("ringing 1")
    time.sleep(PAUSE)
    agent.phone.answer()
    agent.wait_for("answered")
    customer.wait_for("answered")
    time.sleep(PAUSE)


def whole(agent: Party, customer: Party, expert: Party) -> None:
    talk(agent, customer)
    agent.phone.hold()
    agent.wait_for("held")
    time.sleep(PAUSE)
    agent.phone.resume()
    agent.wait_for("resumed")
    time.sleep(PAUSE)
    customer.phone.hang_up()
    agent.wait_for("hung_up")


def agent_ends(agent: Party, customer: Party, expert: Party) -> None:
    talk(agent, customer)
    agent.phone.hang_up()
    agent.wait_for("hung_up")


def cancelled(agent: Party, customer: Party, expert: Party) -> None:
    customer.phone.dial("agent")
    agent.wait_for("ringing 1")
    time.sleep(PAUSE)
    customer.phone.hang_up()
    agent.wait_for("hung_up")


def refused(agent: Party, customer: Party, expert: Party) -> None:
    customer.phone.dial("agent")
    agent.wait_for("ringing 1")
    time.sleep(PAUSE)
    agent.phone.hang_up()
    customer.wait_for("hung_up")


def blind(agent: Party, customer: Party, expert: Party) -> None:
    talk(agent, customer)
    agent.phone.transfer("expert")
    expert.wait_for("ringing 1")
    expert.phone.answer()
    agent.wait_for("hung_up")
    time.sleep(PAUSE)
    expert.phone.hang_up()
    customer.wait_for("hung_up")


def attended(agent: Party, customer: Party, expert: Party) -> None:
    talk(agent, customer)
    agent.phone.consult("expert")
    expert.wait_for("ringing 1")
    expert.phone.answer()
    agent.wait_for("transfer_answered")
    time.sleep(PAUSE)
    agent.phone.hand_over()
    agent.wait_for("hung_up")
    time.sleep(PAUSE)
    expert.phone.hang_up()
    customer.wait_for("hung_up")


def taken_back(agent: Party, customer: Party, expert: Party) -> None:
    talk(agent, customer)
    agent.phone.consult("expert")
    expert.wait_for("ringing 1")
    time.sleep(PAUSE)
    expert.phone.hang_up()
    agent.wait_for("transfer_failed")
    time.sleep(PAUSE)
    customer.phone.hang_up()
    agent.wait_for("hung_up")


CALLS: dict[str, Callable[[Party, Party, Party], None]] = {
    call.__name__: call for call in (whole, agent_ends, cancelled, refused, blind, attended, taken_back)
}
