"""What people install: a wheel with all its data that works from any directory, and pins that agree with pyproject."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import callflow

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
PINNED_EXTRAS = {
    "dev": ("zipformer", "whisper", "dev"),
    "live": ("live", "sip", "hotkeys"),
    "web": ("archive", "postgres", "web", "design", "cluster"),
}
"""Which extras each file of pins is for."""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built with the pinned tools and without network."""
    place = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation")
    run(*build, "--wheel-dir", place, ROOT, cwd=place)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with nothing but the installed wheel in it."""
    place = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--target", place, wheel, cwd=place)
    return place


def test_the_wheel_carries_all_code_data_and_flows(wheel: Path) -> None:
    files = [path.relative_to(ROOT) for top in ("callflow", "flows") for path in (ROOT / top).rglob("[!.]*")]
    names = {path.as_posix() for path in files if (ROOT / path).is_file() and "__pycache__" not in path.parts}
    expected = {f"callflow/{name}" if name.startswith("flows/") else name for name in names}
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert any(name.startswith("callflow/flows/") for name in carried)
    assert carried >= expected
    assert {name.split("/")[0] for name in carried} == {"callflow"}, "nothing but the package is installed"
    assert not [name for name in carried if "__pycache__" in name]


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    assert wheel.name == f"callflow-{callflow.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        (licence,) = [name for name in archive.namelist() if name.endswith("LICENSE")]
        assert b"Apache License" in archive.read(licence)
        (scripts,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert b"callflow = callflow.__main__:main" in archive.read(scripts)


def in_wheel(installed: Path, cwd: Path, *arguments: str) -> str:
    """What the installed command prints; the checkout is not on its path (``-S`` leaves the editable install out)."""
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    code = f"import runpy, sys; sys.path[:0] = {[str(installed), *libraries]}"
    code += "; runpy.run_module('callflow', None, '__main__', True)"
    return run(sys.executable, "-S", "-I", "-W", "error", "-c", code, *arguments, cwd=cwd)


def test_the_wheel_runs_from_any_directory(installed: Path, tmp_path: Path) -> None:
    assert callflow.__version__ in in_wheel(installed, tmp_path, "--version")


def test_the_wheel_finds_its_flows(installed: Path, tmp_path: Path) -> None:
    """``simulate`` loads the default flow; with nothing to simulate it has nothing to say and no reason to fail."""
    in_wheel(installed, tmp_path, "simulate")


# ------------------------------------------------------------------------------------------------ pins and their page


def requirements(*extras: str) -> dict[str, Requirement]:
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    found = (Requirement(line) for line in lines)
    return {canonicalize_name(item.name): item for item in found if item.name != PROJECT["name"]}


def pins(name: str) -> list[tuple[str, str, str]]:
    """Each pin of a requirements file: package, version, and the lines that follow it."""
    text = (ROOT / "scripts" / f"requirements-{name}.txt").read_text(encoding="utf-8")
    return re.findall(r"^([a-z0-9-]+)==(\S+)(.*(?:\n .*)*)", text, re.MULTILINE)


@pytest.mark.parametrize("file", PINNED_EXTRAS)
def test_every_dependency_is_pinned_to_a_version_that_fits(file: str) -> None:
    pinned: dict[str, set[str]] = {}
    for name, version, _ in pins(file):
        pinned.setdefault(name, set()).add(version)
    for name, requirement in requirements(*PINNED_EXTRAS[file]).items():
        assert name in pinned, f"{name} is not pinned: scripts/pin"
        assert all(version in requirement.specifier for version in pinned[name]), f"{name} pinned outside its bounds"


@pytest.mark.parametrize("name", ["build", *PINNED_EXTRAS])
def test_every_pin_has_hashes_and_no_file_names_a_host_or_a_machine(name: str) -> None:
    assert pins(name)
    for package, _, rest in pins(name):
        assert "--hash=sha256:" in rest, f"{package} has no hash"
    text = (ROOT / "scripts" / f"requirements-{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links|--trusted| /\w", text)


def test_every_dependency_is_justified_on_its_page() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = {canonicalize_name(name) for name in re.findall(r"^\| `([\w.-]+)", page, re.MULTILINE)}
    assert requirements(*(extra for extra in EXTRAS if extra != "all")).keys() <= rows
