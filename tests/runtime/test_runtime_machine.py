"""How the machine is."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from pyca.runtime import machine


def test_this_machine_is_told() -> None:
    seen = machine.look()
    assert seen.cores >= 1
    assert 0 < seen.memory_free <= seen.memory_total
    assert 0 <= seen.cpu_busy <= seen.cpu_total
    assert seen.booted > 0
    assert seen.synchronised in (True, False, None)
    assert machine.model(Path("/nowhere"))
    assert machine.system_name()


@pytest.mark.parametrize(
    ("sensors", "expected"),
    [
        ({"nvme": [50.0], "cpu_thermal": [61.5, 63.0]}, 63.0),
        ({"nvme": [50.0]}, 50.0),
        ({"cpu_thermal": [0.0], "nvme": [-300.0, 900.0]}, None),
        ({}, None),
    ],
)
def test_the_processors_own_sensor_comes_first(
    sensors: dict[str, list[float]], expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {name: [SimpleNamespace(current=one) for one in values] for name, values in sensors.items()}
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: given, raising=False)
    assert machine.temperature() == expected


def test_sensors_that_fail_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(psutil, "sensors_temperatures", fail, raising=False)
    assert machine.temperature() is None


@pytest.mark.parametrize(
    ("text", "reasons"),
    [("0\n", ()), ("50005\n", ("too little voltage", "slowed down")), ("0x8", ("too warm",)), ("what", ())],
)
def test_why_a_small_computer_is_slow(text: str, reasons: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "throttled").write_text(text)
    assert machine.throttled(tmp_path / "throttled") == reasons
    assert machine.throttled(tmp_path / "missing") == ()


def test_the_model_is_what_it_says_itself(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B\0")
    assert machine.model(tmp_path / "model") == "Raspberry Pi 5 Model B"


@pytest.mark.parametrize(
    ("error", "mark", "expected"),
    [(1000, False, True), (16_000_000, True, False), (None, True, True), (None, False, None)],
)
def test_whether_a_time_server_sets_the_clock(
    error: int | None, mark: bool, expected: bool | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_clock_error", lambda: error)
    if mark:
        (tmp_path / "synchronized").touch()
    assert machine.synchronised(tmp_path / "synchronized") is expected
