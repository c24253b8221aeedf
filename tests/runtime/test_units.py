"""The unit files are accepted by systemd and keep the services in their place."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pyca.core.states import EXTRA_SERVICES, ServiceName

UNITS = Path(__file__).parents[2] / "init" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
THRESHOLD = {f"pyca-{name}.service": 25 for name in ("capture", "live", "camera")}

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)


def options(name: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text("utf-8"), re.MULTILINE))


def test_there_is_a_unit_for_each_service_and_the_target_wants_them():
    units = {f"pyca-{name}.service" for name in ServiceName}
    assert set(SERVICES) == units
    # Whoever wants these says so: systemctl enable pyca-live.
    extra = {f"pyca-{name}.service" for name in EXTRA_SERVICES}
    assert set(options("pyca.target")["Wants"].split()) == units - extra
    for name in extra:
        assert options(name)["WantedBy"] == "pyca.target"


@pytest.mark.parametrize("name", SERVICES)
def test_services_notify_restart_and_run_without_privileges(name):
    found = options(name)
    assert found["Type"] == "notify"
    assert found["NotifyAccess"] == "main"
    assert found["Restart"] == "always"
    assert found["StartLimitIntervalSec"] == "0"
    assert found["User"] == "pyca"
    assert found["StateDirectory"] == "pyca"


def test_a_recording_has_time_to_end():
    found = options("pyca-capture.service")
    assert found["KillMode"] == "process"
    assert int(found["TimeoutStopSec"]) > 120


@pytest.fixture
def unit_folder(tmp_path):
    """Copies whose program exists here, as it does where pyCA is installed."""
    for path in UNITS.iterdir():
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text("utf-8"), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text, "utf-8")
    return tmp_path


@needs_systemd
@pytest.mark.system
@pytest.mark.parametrize("name", [*SERVICES, "pyca.target"])
def test_systemd_accepts_the_unit(unit_folder, name):
    command = ["systemd-analyze", "verify", "--recursive-errors=yes", "--man=no", str(unit_folder / name)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@needs_systemd
@pytest.mark.system
@pytest.mark.parametrize("name", SERVICES)
def test_the_service_may_do_little(name):
    threshold = THRESHOLD.get(name, 20)
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", str(UNITS / name)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
