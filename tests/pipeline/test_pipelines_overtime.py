"""Functions that nothing in their process can end: the server does."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pyca.core.errors import UnknownNameError
from pyca.pipeline.control import overtime
from pyca.pipeline.pipelines import JOBS, Pipelines
from tests.pipeline_doubles import CameraServer, running_pipelines, sending, settings_in
from tests.tools import wait_for

HANGS = """
import ctypes

lock = ctypes.PyDLL(None).pthread_mutex_lock
mutex = ctypes.create_string_buffer(64)

def process_image(image, pulse_id, timestamp, x_axis, y_axis, parameters, bsdata=None):
    # It waits for itself, and no other thread of Python goes on meanwhile.
    lock(mutex)
    lock(mutex)
"""


@pytest.fixture(scope="module")
def server(camera_server: CameraServer, folder: Path) -> Iterator[Pipelines]:
    (folder / "scripts").mkdir()
    (folder / "scripts" / "hangs.py").write_text(HANGS)
    patch = pytest.MonkeyPatch()
    patch.setattr(overtime, "_MORE", 0.5)
    with sending(np.ones((4, 5), np.uint16)) as address, patch.context():
        camera_server.streams["cam"] = address
        settings = settings_in(folder, cameras=camera_server.address, run_scripts=True, script_seconds=2.5)
        with running_pipelines(settings, JOBS) as made:
            yield made
    patch.undo()


def test_functions_that_hang_in_c_end_their_instances(server: Pipelines) -> None:
    camera = {"camera_name": "cam", "no_client_timeout": 0}
    server.create(camera, "other")
    hangs = {**camera, "function": "hangs"}
    server.create(hangs, "alone")
    server.create({**hangs, "processing_threads": 2}, "threads")
    server.create({**hangs, "abort_on_error": False}, "again")
    pids = {name: pid_of(server, name) for name in ("other", "again")}
    for name in ("alone", "threads"):
        wait_for(lambda name=name: name in server.info()["ended_instances"], "its end")
        ending = server.info()["ended_instances"][name]
        assert "function hangs takes longer than 2.5 s for a frame" in ending["status"]
        assert ending["exitcode"] == server.exitcode(name) == -9
        with pytest.raises(UnknownNameError, match="takes longer than"):
            server.instance_info(name)
    # Where errors are no reason to end it is started again.
    wait_for(lambda: pid_of(server, "again") not in ("", pids["again"]), "another process")
    assert any("Pipeline again: its process was killed: function hangs" in line[3] for line in server.logs())
    server.message("other")
    assert pid_of(server, "other") == pids["other"]


def pid_of(server: Pipelines, name: str) -> str:
    """The process of an instance, empty where there is none at the moment."""
    running = server.info()["active_instances"].get(name)
    return str(running["statistics"]["pid"]) if running else ""
