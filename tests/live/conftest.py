"""What the tests of live calls share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live.pulse import Pulse, running


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    """A PulseAudio of the test's own (see ``live.pulse``); the test is marked ``needs_pulse``."""
    with running(tmp_path) as server:
        yield server
