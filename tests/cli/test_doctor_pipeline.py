"""``pyca doctor`` where images are to be processed; what it shares with cameras is tested there."""

import json
from pathlib import Path
from typing import Any

import pytest

from pyca.client import CamClient
from pyca.client.http import UnreachableError
from tests.cli.conftest import Run
from tests.ports import free_port


@pytest.fixture(autouse=True)
def log_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the log messages to the tests."""
    monkeypatch.setattr("pyca.runtime.logs.setup", lambda settings, **more: None)


def look(pyca: Run, folder: Path, text: str) -> dict[str, dict[str, Any]]:
    """Return what is found about pipelines."""
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc" / "pyca.conf").write_text(f"[pipeline]\nport = 0\n{text}", "utf-8")
    found = json.loads(pyca("doctor", "--json").out)
    return {one["name"]: one for one in found if one["group"] == "pipeline"}


def test_nothing_is_looked_at_where_no_pipelines_are_wanted(pyca: Run, folder: Path) -> None:
    assert look(pyca, folder, "") == {}


def test_a_mistake_is_told_and_a_camera_server_that_is_not_there(pyca: Run, folder: Path) -> None:
    (folder / "pipes").mkdir()
    (folder / "pipes" / "bad.json").write_text('{"camera_nam": "x"}')
    cameras = f"http://127.0.0.1:{free_port()}"
    found = look(pyca, folder, f"enabled = yes\ndirectory = pipes\ncameras = {cameras}\n")
    assert found["bad"]["state"] == "failed"
    assert "did you mean “camera_name”?" in found["bad"]["text"]
    assert found["port"]["state"] == "ok"
    assert found["camera server"]["state"] == "warning"
    assert cameras in found["camera server"]["text"]


def test_all_in_order(pyca: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def cameras(client: CamClient) -> list[str]:
        asked.append(client.get_address())
        return ["one", "two"]

    monkeypatch.setattr(CamClient, "get_cameras", cameras)
    (folder / "pipes").mkdir()
    (folder / "pipes" / "one.json").write_text('{"camera_name": "one"}')
    found = look(pyca, folder, "enabled = yes\ndirectory = pipes\ncameras = http://cams:8888\n")
    assert {name: one["state"] for name, one in found.items()} == {
        "pipelines": "ok", "port": "ok", "camera server": "ok",
    }  # fmt: skip
    assert found["camera server"]["text"] == "http://cams:8888 has 2 cameras"
    assert [address.rstrip("/") for address in asked] == ["http://cams:8888"]


def test_a_folder_that_is_not_there_is_a_warning(
    pyca: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_client: CamClient) -> list[str]:
        raise UnreachableError("nobody answers")

    monkeypatch.setattr(CamClient, "get_cameras", away)
    found = look(pyca, folder, "enabled = yes\n")
    assert (found["pipelines"]["state"], found["camera server"]["text"]) == ("warning", "nobody answers")
