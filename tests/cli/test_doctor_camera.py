"""``pyca doctor`` where cameras are to be served."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def log_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the log messages to the tests."""
    monkeypatch.setattr("pyca.runtime.logs.setup", lambda settings, **more: None)


def look(pyca: Run, folder: Path, text: str) -> dict[str, dict[str, Any]]:
    """Return what is found about cameras."""
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc" / "pyca.conf").write_text(text, "utf-8")
    found = json.loads(pyca("doctor", "--json").out)
    return {one["name"]: one for one in found if one["group"] == "camera"}


def test_nothing_is_looked_at_where_no_cameras_are_wanted(pyca: Run, folder: Path) -> None:
    assert look(pyca, folder, "[camera]\nport = 0\n") == {}


def test_a_folder_that_is_not_there_is_a_warning(pyca: Run, folder: Path) -> None:
    found = look(pyca, folder, "[camera]\nenabled = yes\nport = 0\n")
    assert (found["cameras"]["state"], found["port"]["state"]) == ("warning", "ok")


def test_cameras_in_order_and_a_port_that_is_taken(pyca: Run, folder: Path) -> None:
    (folder / "cams").mkdir()
    (folder / "cams" / "one.json").write_text('{"source": "x", "source_type": "simulation"}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = look(pyca, folder, f"[camera]\nenabled = yes\nport = {port}\ndirectory = cams\n")
    assert (found["cameras"]["state"], found["cameras"]["text"]) == ("ok", "1 in order")
    assert found["port"]["state"] == "failed"
    assert "is taken" in found["port"]["text"]


def test_each_camera_with_a_mistake_is_told(pyca: Run, folder: Path) -> None:
    (folder / "cams").mkdir()
    (folder / "cams" / "bad.json").write_text('{"source": "x", "source_type": "telepathy"}')
    found = look(pyca, folder, "[camera]\nenabled = yes\nport = 0\ndirectory = cams\n")
    assert found["bad"]["state"] == "failed"
    assert "telepathy" in found["bad"]["text"]
    assert pyca("doctor").code == os.EX_UNAVAILABLE
