"""``start.sh`` with stand-ins for Python and pip: what it installs when, and what it says where it cannot."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools import wait_for

ROOT = Path(__file__).parent.parent
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3")

# Stands for the system's Python and, linked into the environment, for that one's.
PYTHON = """#!/bin/bash
echo "$(basename "$0") $*" >>"$CALLS"
case "$*" in
    "-I -c "*) echo "${ORIGIN:-}" ;;
    "--version") echo "Python 3.13.0" ;;
    "-m venv --clear "*)
        if [ -n "${VENV_WAITS:-}" ]; then
            trap 'echo Traceback >&2; exit 1' INT
            touch "$VENV_WAITS"
            for _ in {1..300}; do sleep 0.1; done
        fi
        rm -rf "$4" && mkdir -p "$4/bin" && touch "$4/fresh"
        cp "$0" "$4/bin/python"
        printf '#!/bin/bash\\necho "pyca $*"\\n' >"$4/bin/pyca" && chmod +x "$4/bin/pyca" ;;
    "-m pip install "*) exit "${PIP_RESULT:-0}" ;;
    "-m pytest"*) echo "pytest ${*:3}" ;;
esac
"""
BROKEN = "#!/bin/bash\nexit 127\n"


@dataclass
class Checkout:
    folder: Path
    calls_file: Path
    env: dict[str, str]

    def start(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "start.sh"), *arguments],
            cwd="/",
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def installs(self) -> list[str]:
        """What pip was asked to install so far."""
        lines = self.calls_file.read_text("utf-8").splitlines()
        return [line.rpartition(" ")[2] for line in lines if "pip install" in line]


def script(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder, programs = tmp_path / "a folder", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    for name in ("start.sh", "requirements.txt", "setup.py"):
        shutil.copy(ROOT / name, folder)
    script(programs / "ffmpeg", "#!/bin/bash\n")
    script(programs / "python3.13", PYTHON)
    calls = tmp_path / "calls"
    calls.touch()
    return Checkout(folder, calls, {"PATH": f"{programs}:{os.defpath}", "CALLS": str(calls)})


def test_the_first_start_installs_and_the_second_does_not(checkout: Checkout) -> None:
    first = checkout.start("status", "--json")
    assert (first.returncode, first.stdout) == (0, "pyca status --json\n"), first.stderr
    assert "Installing" in first.stderr
    second = checkout.start()
    assert (second.stdout, second.stderr) == ("pyca all\n", "")
    assert checkout.installs() == ["."]


def test_changed_requirements_are_installed_into_the_same_environment(checkout: Checkout) -> None:
    checkout.start()
    kept = checkout.folder / ".venv" / "kept"
    kept.touch()
    with (checkout.folder / "requirements.txt").open("a") as file:
        file.write("something-new\n")
    checkout.start()
    assert checkout.installs() == [".", "."]


def test_what_is_written_in_c_is_built_anew_where_it_changed(checkout: Checkout) -> None:
    header = checkout.folder / "pyca" / "kernel" / "pass.h"
    header.parent.mkdir(parents=True)
    header.write_text("/* */", encoding="utf-8")
    checkout.start()
    checkout.start()
    assert checkout.installs() == ["."]
    header.write_text("/* other */", encoding="utf-8")
    checkout.start()
    assert checkout.installs() == [".", "."]


def test_an_interrupted_installation_is_not_trusted(checkout: Checkout) -> None:
    failed = checkout.start(PIP_RESULT="1")
    assert failed.returncode == 69
    assert "installation failed" in failed.stderr
    rest = checkout.folder / ".venv" / "half a package"
    rest.touch()
    assert checkout.start().stdout == "pyca all\n"
    assert not rest.exists()


def test_extras_survive_an_interrupted_installation_and_a_new_environment(checkout: Checkout) -> None:
    checkout.start()
    (checkout.folder / ".venv/lib/python3.13/site-packages/psycopg").mkdir(parents=True)
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    checkout.start(PIP_RESULT="1")
    checkout.start()
    assert checkout.installs() == [".", ".[postgresql]", ".[postgresql]"]


def test_a_copy_installed_over_it_is_noticed(checkout: Checkout) -> None:
    checkout.start(ORIGIN="/here/pyca/__init__.py")
    checkout.start(ORIGIN="/here/.venv/lib/python3.13/site-packages/pyca/__init__.py")
    assert checkout.installs() == [".", "."]


def test_ctrl_c_during_the_installation_is_no_failure(checkout: Checkout, tmp_path: Path) -> None:
    waits = tmp_path / "waits"
    process = subprocess.Popen(
        [str(checkout.folder / "start.sh")],
        env={**checkout.env, "VENV_WAITS": str(waits)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(waits.exists, "the environment being made")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert err.splitlines()[-1] == "start.sh: interrupted; start again to go on"
    assert "Traceback" not in err


def test_a_folder_that_cannot_be_written_is_explained(checkout: Checkout) -> None:
    (checkout.folder / ".venv").touch()
    result = checkout.start()
    assert result.returncode == os.EX_CANTCREAT
    assert ".venv cannot be written by" in result.stderr
    assert "Try: " not in result.stderr


def test_a_moved_folder_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.start()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    assert checkout.start().stdout == "pyca all\n"
    assert len(checkout.installs()) == 2


def test_the_bundled_ffmpeg_only_where_there_is_none(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "bin" / "ffmpeg").unlink()
    others = tmp_path / "others"
    others.mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name != "ffmpeg":
            (others / program.name).symlink_to(program)
    path = f"{tmp_path}/bin:{others}"
    checkout.start(PATH=path, PYCA_FFMPEG="/opt/ffmpeg")
    checkout.start(PATH=path)
    checkout.start(PATH=path)
    assert checkout.installs() == [".", ".[ffmpeg]"]


def test_the_camera_server_brings_its_libraries(checkout: Checkout) -> None:
    checkout.start()
    result = checkout.start("camera", "--port", "0")
    assert (result.returncode, result.stdout) == (0, "pyca camera --port 0\n"), result.stderr
    # They are kept by whatever is started next.
    checkout.start()
    checkout.start("camera")
    assert checkout.installs() == [".", ".[camera]"]


def test_the_pipeline_server_brings_the_same_libraries(checkout: Checkout) -> None:
    result = checkout.start("pipeline", "-c", "http://localhost:8888")
    assert (result.returncode, result.stdout) == (0, "pyca pipeline -c http://localhost:8888\n"), (
        result.stderr
    )
    assert checkout.installs() == [".[camera]"]


def test_test_installs_the_tools_and_hands_its_words_to_pytest(checkout: Checkout) -> None:
    checkout.start()
    result = checkout.start("test", "-k", "status")
    assert result.stdout == "pytest -n 4 --dist loadfile --no-loadscope-reorder -k status\n"
    assert checkout.installs() == [".", ".[test,postgresql,ffmpeg,camera,epics]"]
    checkout.start("test")
    checkout.start()
    assert len(checkout.installs()) == 2


def test_no_python_is_explained(checkout: Checkout, tmp_path: Path) -> None:
    for name in CANDIDATES:
        script(tmp_path / "bin" / name, BROKEN)
    result = checkout.start()
    assert result.returncode == 69
    assert "Python 3.11 or newer was not found. Try: " in result.stderr
    assert not (checkout.folder / ".venv").exists()


def test_no_venv_is_explained(checkout: Checkout, tmp_path: Path) -> None:
    for name in CANDIDATES:
        script(tmp_path / "bin" / name, '#!/bin/bash\n[[ "$*" != *ensurepip* ]]\n')
    result = checkout.start()
    assert result.returncode == 69
    assert "virtual environments. Try: " in result.stderr


@pytest.mark.parametrize("name", ["start.sh", ".ci/run"])
def test_the_scripts_are_executable_and_can_be_read(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    subprocess.run(["bash", "-n", str(ROOT / name)], check=True)
