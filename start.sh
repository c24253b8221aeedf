#!/usr/bin/env bash
# Starts pyCA from its source folder, with everything it needs in .venv beside this file.
#
#   ./start.sh            all services and the page, configured by etc/pyca.conf
#   ./start.sh demo       record ten seconds from a test source, to see that this machine can do it
#   ./start.sh test …     run all tests; further words go to pytest
#   ./start.sh camera …   the camera server, with the libraries that it and the pipeline server need
#   ./start.sh pipeline … the pipeline server, with the same libraries
#   ./start.sh COMMAND …  any other pyca command, such as capture, status or “events list”
set -eu
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

venv=.venv
stamp=$venv/pyca-installed
describe='import sys, importlib.util as u; print(sys.version_info[:2], getattr(u.find_spec("pyca"), "origin", ""))'

say() { printf '%s\n' "$*" >&2; }

die() {
    say "start.sh: $1"
    exit "${2:-69}" # EX_UNAVAILABLE
}

# The distribution's own words for “install this”.
advice() {
    local like
    like=$(. /etc/os-release 2>/dev/null && printf '%s' "${ID:-} ${ID_LIKE:-}" || true)
    case $like in
        *debian* | *ubuntu*) printf 'apt-get install python3 python3-venv' ;;
        *fedora* | *rhel*) printf 'dnf install python3' ;;
        *arch*) printf 'pacman -S python' ;;
        *suse*) printf 'zypper install python311' ;;
        *) printf 'install Python 3.11 or newer with its venv module' ;;
    esac
}

find_python() {
    local candidate found=""
    for candidate in python3.13 python3.12 python3.11 python3; do
        # Asking the program itself: a name on the PATH may be a wrapper around nothing.
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        found=$candidate
        if "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    [ -z "$found" ] && die "Python 3.11 or newer was not found. Try: $(advice)"
    die "$found cannot make virtual environments. Try: $(advice)"
}

# What the environment depends on. It holds absolute paths, so a moved folder needs a new one; and pyCA itself has to be
# the one of this folder, not a copy that somebody has installed over it.
fingerprint() {
    { "$venv/bin/python" -I -c "$describe" && pwd && cat requirements.txt setup.py pyca/kernel/*.[ch]; } \
        2>/dev/null | sha256sum | cut -d ' ' -f 1
}

# The extras that this machine needs for this command.
wanted_extras() {
    if [ "${1:-}" = test ]; then
        printf 'test postgresql ffmpeg camera epics'
        return
    fi
    case ${1:-} in camera | pipeline) printf 'camera ' ;; esac
    if ! command -v ffmpeg >/dev/null && [ -z "${PYCA_FFMPEG:-}" ]; then
        printf 'ffmpeg'
    fi
}

# Prints the extras of $1 that $2 lacks.
lacking() {
    local extra
    for extra in $1; do
        case " $2 " in *" $extra "*) ;; *) printf '%s ' "$extra" ;; esac
    done
}

# Prints the extras that somebody has installed by hand.
found_extras() {
    compgen -G "$venv/lib/python3*/site-packages/psycopg" >/dev/null && printf 'postgresql '
    compgen -G "$venv/lib/python3*/site-packages/imageio_ffmpeg" >/dev/null && printf 'ffmpeg '
    compgen -G "$venv/lib/python3*/site-packages/bitshuffle" >/dev/null && printf 'camera '
    compgen -G "$venv/lib/python3*/site-packages/caproto" >/dev/null && printf 'epics '
    return 0
}

check_writable() {
    mkdir -p "$venv" 2>/dev/null && [ -w . ] && [ -w "$venv" ] && return
    die "$PWD/$venv cannot be written by $(id -un). Start this once as the owner of the folder." 73 # EX_CANTCREAT
}

install() {
    local wanted=$1 print="" extras="" missing
    if [ -f "$stamp" ]; then
        { read -r print && read -r extras; } <"$stamp" || true
    fi
    missing=$(lacking "$wanted" "$extras")
    [ "$print" = "$(fingerprint)" ] && [ -z "$missing" ] && return

    extras=$(printf '%s' "$extras $(lacking "$(found_extras)" "$extras")")
    missing=$(lacking "$wanted" "$extras")
    # Without a fingerprint an earlier installation was interrupted: nothing in the folder can be trusted.
    if [ -z "$print" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1 || moved; then
        local python problem
        python=$(find_python)
        check_writable
        say "Making $venv with $("$python" --version) …"
        rm -f "$stamp"
        # Kept back until it is clear that this is a failure: after a Ctrl-C it is only a traceback.
        problem=$("$python" -m venv --clear "$venv" 2>&1) ||
            die "$problem"$'\n'"$python could not make $venv. Try: $(advice)"
    fi
    check_writable
    extras=$(printf '%s' "$extras $missing" | xargs)
    printf '\n%s\n' "$extras" >"$stamp"
    say "Installing pyCA${extras:+ with $extras} into $venv; this takes a minute the first time …"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --use-pep517 --editable ".${extras:+[${extras// /,}]}" ||
        die "the installation failed; the lines above say why. Start again once that is mended."
    printf '%s\n%s\n' "$(fingerprint)" "$extras" >"$stamp"
}

# Whether the environment was made elsewhere or for another Python than the one it now runs.
moved() {
    ! "$venv/bin/python" - "$PWD/$venv" 2>/dev/null <<'PYTHON'
import pathlib, sys, sysconfig
here = pathlib.Path(sys.argv[1]).resolve()
script = (here / "bin" / "pyca").read_text().splitlines()[0]
sys.exit(str(here) not in script or not pathlib.Path(sysconfig.get_path("purelib")).is_dir())
PYTHON
}

main() {
    trap 'say "start.sh: interrupted; start again to go on"; exit 130' INT
    # Services that are started side by side wait here for the first of them.
    if command -v flock >/dev/null; then
        exec 9<.
        flock 9
    fi
    install "$(wanted_extras "$@")"
    exec 9<&-
    trap - INT

    case ${1:-all} in
        # Side by side: most of the system tests wait for real time to pass.
        # Generated requests depend on the order of sets; each run shall make the same ones.
        test) shift && PYTHONHASHSEED=0 exec "$venv/bin/python" -m pytest -n 4 --dist loadfile --no-loadscope-reorder "$@" ;;
        *) exec "$venv/bin/pyca" "${@:-all}" ;;
    esac
}

main "$@"
