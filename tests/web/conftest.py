"""One server for all tests of the shell; each leaves it as it was."""

from collections.abc import Iterator

import pytest

pytest.importorskip("nicegui")
from served import Served, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server
