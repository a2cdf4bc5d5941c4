"""Whose words they are where both speak on one channel: sure enough to judge by, or not.

Who tells them apart (``review.speakers``) says how sure that is, for the call and for each utterance. What is not sure
is held against nobody, and what might have been said in it nobody is told to have missed.
"""

from __future__ import annotations

from callflow.events import CallContext, Heard

SURE_OF_CALL = 0.8
"""Mean confidence from which on the rules that ask who spoke are judged at all."""
SURE = 0.85
"""Confidence from which on an utterance counts as its speaker's."""


def known(context: CallContext) -> bool:
    """Whether it is known who speaks, or told well enough."""
    return context.separate or context.told_apart >= SURE_OF_CALL


def sure_of(heard: Heard) -> bool:
    """Whether ``heard`` counts as its speaker's words."""
    return heard.speaker_confidence is None or heard.speaker_confidence >= SURE
