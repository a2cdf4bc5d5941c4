"""``callflow models``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from commandline import PROBLEM

from callflow import models
from callflow.cli import main


def test_every_model_is_told_with_its_licence_in_both_languages() -> None:
    for model in models.MODELS:
        if "tests" not in model.about.en:
            assert re.search("Apache-2.0|MIT", model.about.en)
            assert re.search("Apache-2.0|MIT", model.about.zh)


def test_a_models_folder_that_is_a_file_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CALLFLOW_MODELS", str(tmp_path / "file"))
    assert main(["models", "--lang", "en"]) == 0
    assert "which is no directory" in capfd.readouterr().err


def test_a_models_folder_that_is_not_there_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / models.known("zipformer").directory
    damaged.mkdir()
    (damaged / "encoder.onnx").write_text("")
    monkeypatch.setenv("CALLFLOW_MODELS", os.pathsep.join([str(tmp_path / "gone"), str(tmp_path)]))
    assert main(["models", "--lang", "en"]) == 0
    out, err = capfd.readouterr()
    assert PROBLEM.match(err.strip())
    assert "gone" in err
    assert f"delete {damaged}, then callflow models install zipformer" in out
