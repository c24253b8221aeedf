"""``pyca doctor`` on boxes that stream."""

import json
import socket
from pathlib import Path

from tests.cli.conftest import Run

CONFIG = """[agent]
name = 'hall'
[live]
input = '{input}'
url = '{url}'
stream_key = 'sekret12345'
port = {port}
encoder = '{encoder}'
"""


def look(pyca: Run, folder: Path, **values: object) -> dict[str, tuple[str, str]]:
    """Return state and text of what was found about the stream, by name."""
    usual = {"input": "test", "url": "rtmp://127.0.0.1/app", "port": 0, "encoder": "auto"}
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc" / "pyca.conf").write_text(CONFIG.format(**(usual | values)), "utf-8")
    found = json.loads(pyca("doctor", "--json").out)
    return {one["name"]: (one["state"], one["text"]) for one in found if one["group"] == "live"}


def test_a_box_that_can_stream(pyca: Run, folder: Path) -> None:
    found = look(pyca, folder)
    assert {state for state, _ in found.values()} == {"ok"}
    assert found["destination"][1] == "rtmp://127.0.0.1/app/********"


def test_a_box_that_cannot(pyca: Run, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = look(
            pyca,
            folder,
            input="v4l2:/dev/video99",
            url="rtmp://nowhere.invalid/app",
            port=taken.getsockname()[1],
            encoder="h264_nothing",
        )
    assert found["input"][0] == "failed" and "/dev/video99" in found["input"][1]
    assert found["encoder"][0] == "failed"
    assert found["destination"][0] == "warning" and "nowhere.invalid" in found["destination"][1]
    assert found["port"][0] == "failed" and "taken" in found["port"][1]


def test_a_box_that_does_not_want_to_is_not_looked_at(pyca: Run, folder: Path) -> None:
    assert look(pyca, folder, url="") == {}
