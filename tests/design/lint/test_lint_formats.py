"""What lint found, as programs read it: JSON, GitHub's workflow commands, SARIF."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator
from sarif_shape import LOG

from callflow.design.lint import about
from callflow.design.lint.formats import FORMATS
from callflow.problems import Edit, Level, Location, Problem
from callflow.texts import Text

HERE, THERE = Location("flows/我 的/a.yaml", 3, 7), Location("b.yaml", 1, 1)
FOUND = [
    Problem(HERE, Text("50% of it,\nor less: no", "一半"), "dead-end", Level.WARNING, (THERE,)),
    Problem(THERE, Text("a slip", "笔误"), "unknown-key", edit=Edit(THERE, "a", "b")),
    Problem(Location("c.yaml"), Text("a thought", "想法"), "loose-phrase", Level.INFO),
]


def test_text_has_a_line_for_each() -> None:
    lines = FORMATS["text"](FOUND, "zh", {}).splitlines()
    assert lines == [
        "flows/我 的/a.yaml:3:7: 警告: 一半 [dead-end]",
        "b.yaml:1:1: 错误: 笔误 [unknown-key]",
        "c.yaml: 提示: 想法 [loose-phrase]",
    ]


def test_json_has_all_of_it() -> None:
    found = json.loads(FORMATS["json"](FOUND, "en", {}))
    assert found[0] == {
        "file": "flows/我 的/a.yaml",
        "line": 3,
        "column": 7,
        "level": "warning",
        "rule": "dead-end",
        "message": {"en": "50% of it,\nor less: no", "zh": "一半"},
        "related": [{"file": "b.yaml", "line": 1, "column": 1}],
        "fixable": False,
    }
    assert [one["fixable"] for one in found] == [False, True, False]
    assert json.loads(FORMATS["json"]([], "en", {})) == []


def test_github_gets_a_command_a_line_with_its_own_signs_escaped() -> None:
    lines = FORMATS["github"](FOUND, "en", {}).splitlines()
    assert lines == [
        "::warning file=flows/我 的/a.yaml,line=3,col=7,title=dead-end::50%25 of it,%0Aor less: no",
        "::error file=b.yaml,line=1,col=1,title=unknown-key::a slip",
        "::notice file=c.yaml,line=1,col=1,title=loose-phrase::a thought",
    ]


def test_sarif_is_a_log_of_2_1_0() -> None:
    for found in (FOUND, []):
        log = json.loads(FORMATS["sarif"](found, "en", about()))
        assert [error.message for error in Draft202012Validator(LOG).iter_errors(log)] == []
    (run,) = json.loads(FORMATS["sarif"](FOUND, "en", about()))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) > 10
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    first, second, third = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "flows/%E6%88%91%20%E7%9A%84/a.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 7}
    assert first["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b.yaml"
    assert [one["level"] for one in (first, second, third)] == ["warning", "error", "note"]
    assert "region" not in third["locations"][0]["physicalLocation"], "a file as a whole has no line"


def test_sarif_says_in_the_readers_language_what_each_check_finds() -> None:
    for language, chinese in (("zh", True), ("en", False)):
        (run,) = json.loads(FORMATS["sarif"](FOUND, language, about()))["runs"]
        told = {rule["id"]: rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"]}
        assert all(any("一" <= char <= "龥" for char in told[check]) is chinese for check in about())


def test_a_file_name_that_is_no_utf_8_keeps_its_bytes_in_sarif() -> None:
    found = [Problem(Location("b\udcff.yaml", 1, 1), Text("a", "一"), "dead-end")]
    run = json.loads(FORMATS["sarif"](found, "en", {}))["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b%FF.yaml"
