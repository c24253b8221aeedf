"""The quick start of the README on a machine that has Python and nothing else of what pyCA needs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system_rig import ROOT

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]

TOOLS = """
    bash basename cat chmod cut dirname echo env flock git grep head id ln ls mkdir mktemp mv
    pwd readlink rm sed sh sha256sum sort tail touch tr uname xargs
"""
"""What is on every machine. No FFmpeg, no compiler."""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has just logged in for the first time."""
    programs, home = tmp_path / "bin", tmp_path / "home"
    programs.mkdir()
    home.mkdir()
    for tool in TOOLS.split():
        if path := shutil.which(tool):
            (programs / tool).symlink_to(path)
    # Not a link: Python finds its library beside the program that it was started as.
    python = programs / "python3"
    python.write_text(f'#!/bin/sh\nexec "{system_python()}" "$@"\n', "utf-8")
    python.chmod(0o755)
    # Where packages come from, and which certificates are trusted, belongs to the network, not to the person.
    network = {
        key: value
        for key, value in os.environ.items()
        if key.startswith("PIP_") or key.lower().endswith("_proxy") or "SSL_CERT" in key
    }
    pip = Path.home() / ".config" / "pip" / "pip.conf"
    configured = {"PIP_CONFIG_FILE": str(pip)} if pip.exists() else {}
    # The checkout may belong to another user than the one who runs the tests.
    trusted = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return {**configured, **network, **trusted, "PATH": str(programs), "HOME": str(home), "LANG": "C.UTF-8"}


def system_python() -> str:
    """Return the Python that environments are made with here, not one of those environments."""
    candidates = ("/usr/bin/python3", "/usr/local/bin/python3")
    for candidate in candidates:
        check = [candidate, "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"]
        if (
            Path(candidate).exists()
            and not subprocess.run(check, check=False, capture_output=True).returncode
        ):
            return candidate
    pytest.skip("the system's Python is too old or lacks venv")


def test_the_demo_in_a_fresh_clone(machine: dict[str, str], tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    clone = tmp_path / "pyca"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, env=machine)

    def demo() -> str:
        done = subprocess.run(
            ["./start.sh", "demo", "--duration", "5s"],
            cwd=clone,
            env=machine,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout
        assert "Traceback" not in done.stdout
        return done.stdout

    out = demo()
    assert "Installing" in out
    assert "http://127.0.0.1:" in out
    recordings = [file for file in clone.glob("demo/archive/*/*") if file.suffix in (".mkv", ".mp4")]
    assert len(recordings) == 1
    assert list(clone.glob(".venv/lib/*/site-packages/imageio_ffmpeg")), "the bundled FFmpeg"
    assert str(recordings[0].parent) in out
    # Nothing of the person's own was touched, and the second time nothing is installed.
    left = subprocess.run(
        ["git", "status", "--short"], cwd=clone, env=machine, capture_output=True, text=True
    )
    assert left.stdout == ""
    assert "Installing" not in demo()
