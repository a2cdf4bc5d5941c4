# Sourced by the scripts beside it: makes .venv with exactly the pinned packages, and what else the tests and the demo
# want. Every step looks first whether it has been done, so that a second run is quick.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
pins=("$root/scripts/requirements-build.txt" "$root/scripts/requirements-dev.txt")
python=$venv/bin/python

unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

# The Mandarin pinyin model has no package. Where a copy lies beside the checkout it is used; nothing depends on it.
if [ -d "$root/../shared/models" ]; then
    shared=$(cd "$root/../shared/models" && pwd)
    export CALLFLOW_MODELS="${CALLFLOW_MODELS:+$CALLFLOW_MODELS:}$shared"
fi

say() { printf '\n== %s · %s\n' "$1" "$2"; }

fail() {
    printf '\n%s\n%s\n' "$1" "$2" >&2
    exit 2
}

# apt_install PACKAGE...: installs what is missing; fails where this is not a Debian or we may not.
apt_install() {
    local missing=() package become=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        become=(sudo -n)
    fi
    say "Debian packages: ${missing[*]}" "安装 Debian 软件包"
    become+=(env DEBIAN_FRONTEND=noninteractive "PATH=$PATH:/usr/sbin:/sbin" apt-get -qq -o DPkg::Lock::Timeout=120)
    apt-cache show "${missing[@]}" >/dev/null 2>&1 || "${become[@]}" update || return 1
    # A package list that has grown old names files that are gone: fetch it anew and try once more.
    "${become[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null ||
        { "${become[@]}" update && "${become[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null; }
}

# Prints a Python that is new enough; 3.11 first, because that is what the pins are tried on.
find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

make_venv() {
    local base version
    base=$(find_python) || { apt_install python3 && base=$(find_python); } ||
        fail 'Python 3.11 or newer is needed: install it and run this again.' '需要 Python 3.11 或更新版本，请安装后重试。'
    version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then # Debian packs these two separately
        apt_install "python$version-venv" ||
            fail "$base cannot make virtual environments: install python$version-venv and run this again." \
                "缺少 python$version-venv，请安装后重试。"
    fi
    say "A virtual environment in .venv ($base, Python $version)" "建立虚拟环境"
    "$base" -m venv --clear "$venv"
}

# How many packages pip has come to, instead of its several lines for each: on a terminal counted while one looks.
show_packages() {
    local line count=0
    while IFS= read -r line; do
        case $line in
            Collecting*) count=$((count + 1)) && { [ ! -t 1 ] || printf '\r  %d' "$count"; } ;;
            Installing*) printf '\r  %d packages: installing · 个软件包，正在安装 …\n' "$count" ;;
        esac
    done
}

# set_up: .venv holds the pinned packages and nothing else, and the checkout itself, editable.
set_up() {
    local pinned project
    pinned="$root $(cat "${pins[@]}" | sha256sum)"
    project=$(cat "$root/pyproject.toml" "$root/callflow/__init__.py" | sha256sum)
    if [ "$(cat "$venv/pinned" 2>/dev/null)" != "$pinned" ] || ! "$python" -c '' 2>/dev/null; then
        make_venv
        say "Python packages, as pinned in scripts/requirements-*.txt (about 200 MB)" "安装锁定版本的 Python 软件包"
        # The build tools come first, so that nothing is built with others: srt, which vosk wants, has no wheel.
        "$python" -m pip install --quiet --require-hashes -r "${pins[0]}"
        "$python" -m pip install --require-hashes --no-build-isolation --use-pep517 --progress-bar off -r "${pins[1]}" |
            show_packages
        printf '%s' "$pinned" >"$venv/pinned"
    fi
    if [ "$(cat "$venv/project" 2>/dev/null)" != "$project" ]; then
        say "callflow itself, editable" "安装 callflow（可编辑模式）"
        "$python" -m pip install --quiet --no-deps --no-build-isolation --editable "$root"
        printf '%s' "$project" >"$venv/project"
    fi
}

# set_up_live: what a live call wants besides; PyAudio is built here, against PortAudio. Fails where that cannot be had.
set_up_live() {
    local file=$root/scripts/requirements-live.txt pinned
    pinned=$(cat "$file" "$venv/pinned" | sha256sum)
    [ "$(cat "$venv/live" 2>/dev/null)" != "$pinned" ] || return 0
    apt_install portaudio19-dev gcc libc6-dev || return 1
    say "Python packages for live calls" "安装实时通话所需的软件包"
    "$python" -m pip install --quiet --require-hashes --no-build-isolation --use-pep517 -r "$file" || return 1
    printf '%s' "$pinned" >"$venv/live"
}

# set_up_web: what the archive, the supervisor's desk and the designer's studio want besides.
set_up_web() {
    local file=$root/scripts/requirements-web.txt pinned
    pinned=$(cat "$file" "$venv/pinned" | sha256sum)
    [ "$(cat "$venv/web" 2>/dev/null)" != "$pinned" ] || return 0
    say "Python packages for the archive, the desk and the studio" "安装归档、主管台与设计台所需的软件包"
    "$python" -m pip install --quiet --require-hashes --no-build-isolation --use-pep517 -r "$file"
    printf '%s' "$pinned" >"$venv/web"
}

# set_up_model NAME...: speech models; callflow fetches and verifies them, and leaves alone what is whole.
set_up_model() {
    local name
    for name in "$@"; do
        say "Speech model $name" "安装语音模型 $name"
        "$python" -m callflow models install "$name"
    done
}
