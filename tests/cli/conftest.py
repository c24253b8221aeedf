"""Running the command line: in this process, or for real in one of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pyca.cli import services
from pyca.cli.app import main
from pyca.config.settings import Settings
from pyca.core.states import ServiceName

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]
Started = list[tuple[ServiceName, Settings]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the current one, in an environment that knows nothing of pyCA."""
    for name in [name for name in os.environ if name.startswith("PYCA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pyca(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in this process."""

    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Result(ended.value.code, captured.out, captured.err)

    return run


def start(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    out: int = subprocess.PIPE,
    err: int = subprocess.STDOUT,
) -> subprocess.Popen[str]:
    """Start ``python -m pyca`` in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYCA_")}
    return subprocess.Popen(
        [sys.executable, "-m", "pyca", *arguments],
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(ROOT), **(env or {})},
        stdout=out,
        stderr=err,
        text=True,
    )


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What would have been run."""
    found: Started = []

    def note(name: ServiceName, read: Callable[[], Settings]) -> int:
        found.append((name, read()))
        return 0

    monkeypatch.setattr(services, "run_service", note)
    return found
