"""The clauses of the guides, as the flow that comes with callflow has them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from callflow import flowfiles
from callflow.flow.model import Clause

CATALOGUE = Path(__file__).parents[3] / "shared" / "guides" / "catalogue.yaml"
"""The guides' own catalogue, where it lies beside the project."""
KINDS = {"say": 74, "conduct": 40, "tip": 23, "step": 18, "taboo": 13, "out": 4}


@pytest.fixture(scope="module")
def clauses() -> dict[str, Clause]:
    return dict(flowfiles.load("inbound")[0].clauses)


def test_all_clauses_are_there(clauses: dict[str, Clause]) -> None:
    assert len(clauses) == 172
    assert Counter(clause.kind for clause in clauses.values()) == KINDS
    assert Counter(id_.partition("-")[0] for id_ in clauses) == {"KF": 70, "JJ": 65, "XC": 20, "GT": 17}
    assert all(clause.text for clause in clauses.values() if clause.kind in ("say", "taboo"))
    assert all(clause.need for clause in clauses.values() if clause.kind in ("step", "conduct", "tip"))


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the guides are not here")
def test_every_word_is_the_guides_own(clauses: dict[str, Clause]) -> None:
    catalogue: list[dict[str, Any]] = YAML(typ="safe").load(CATALOGUE.read_text("utf-8"))
    assert list(clauses) == [entry["id"] for entry in catalogue]
    for entry in catalogue:
        clause = clauses[entry["id"]]
        assert (clause.kind, clause.when, clause.need) == (entry["kind"], entry.get("when", ""), entry.get("need", ""))
        assert (list(clause.text), list(clause.cue)) == (entry.get("text", []), entry.get("cue", []))
