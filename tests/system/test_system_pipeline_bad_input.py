"""What is wrong is told in the answer, the log and ``info`` of whole servers; other instances go on."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from numpy.typing import NDArray

from pyca.bsread.message import Message, Value
from pyca.bsread.receiver import Receiver
from pyca.bsread.sender import Sender
from pyca.client.pipeline import PipelineClient
from tests.tools import wait_for

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
SECONDS = 60
CAMERA = '{"source": "x", "source_type": "simulation", "width": 64, "height": 48, "frame_rate": 25}'
CONFIGURATION = """[pipeline]
directory = pipelines
backgrounds = backgrounds
files = files
scripts = scripts
run_scripts = true
script_seconds = 0.5
"""
HEAD = "def process_image(image, pulse_id, timestamp, x_axis, y_axis, parameters, bsdata):\n    "
SCRIPTS = {
    "raises": (HEAD + "return 1 / 0", "line 2: ZeroDivisionError: division by zero"),
    "hangs": (HEAD + "while True: pass", "line 2: it takes longer than it may for a frame"),
    "nonsense": (HEAD + "return 5", "line 1: process_image returns 5; expected is a mapping"),
    "exits": (HEAD + "raise SystemExit(3)", "line 2: it calls exit(3), which ends nothing here"),
}
NAME = "simulation"
THREE = {"number_of_slices": 3}
ALWAYS = {"no_client_timeout": 0, "camera_timeout": 0, "stream_timeout": 0}
"""runs until it is stopped"""


class Servers:
    """A camera server and a pipeline server, and what is asked about the instances of the latter."""

    def __init__(self, client: PipelineClient, folder: Path) -> None:
        self.client = client
        self.folder = folder

    def make(self, name: str, **raw: Any) -> str:
        """Make an instance and return its stream."""
        return self.client.create_instance_from_config({**ALWAYS, **raw}, name)[1]

    def status(self, name: str) -> str:
        """Return what is wrong with an instance that runs."""
        return str(self.client.get_instance_info(name)["status"])

    def figure(self, name: str, figure: str) -> Any:
        return self.client.get_instance_info(name)["statistics"][figure]

    def sent(self, name: str) -> int:
        return int(self.figure(name, "tx").rpartition("- ")[2])

    def ended(self) -> Mapping[str, Mapping[str, Any]]:
        """Return how instances have ended."""
        found: Mapping[str, Mapping[str, Any]] = self.client.get_server_info()["ended_instances"]
        return found

    def assert_logged(self, text: str) -> None:
        wait_for(lambda: text in self.client.get_logs(txt=True), f"“{text}” in the log")

    def assert_ended(self, name: str, reason: str) -> None:
        """Check that an instance has ended by an error that is told everywhere."""
        assert self.client.wait_instance_completed(name, SECONDS) == 1
        assert self.client.get_instance_exit_code(name) == 1
        assert reason in self.ended()[name]["status"]
        with pytest.raises(ValueError, match=rf"Instance '{name}' does not exist\."):
            self.client.get_instance_info(name)
        self.assert_logged(reason)
        assert reason in self.client.get_instance_logs(name, txt=True)


@contextmanager
def running(folder: Path, what: str, *words: str) -> Iterator[str]:
    """Run a server, and yield its address."""
    log = folder / f"{what}.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYCA_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pyca", what, "-p", "0", *words],
            cwd=folder, env={**clean, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stderr=output,
        )  # fmt: skip

    def address() -> str:
        assert process.poll() is None, log.read_text("utf-8")
        found = re.search(rf"The {what} server is at (\S+)", log.read_text("utf-8"))
        return found[1] if found else ""

    try:
        yield wait_for(address, f"the {what} server")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            process.kill()
    assert "Traceback" not in log.read_text("utf-8")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    for name in ("cameras", "scripts"):
        (folder / name).mkdir()
    (folder / "cameras" / f"{NAME}.json").write_text(CAMERA, "utf-8")
    (folder / "pyca.conf").write_text(CONFIGURATION, "utf-8")
    for name, (text, _) in SCRIPTS.items():
        (folder / "scripts" / f"{name}.py").write_text(text + "\n", "utf-8")
    with ExitStack() as stack:
        cameras = stack.enter_context(running(folder, "camera", "-b", "cameras"))
        words = ("-c", cameras, "--config", str(folder / "pyca.conf"))
        address = stack.enter_context(running(folder, "pipeline", *words))
        found = Servers(PipelineClient(address, timeout=SECONDS), folder)
        found.make("witness", camera_name=NAME)
        yield found


@pytest.fixture(autouse=True)
def witness(servers: Servers) -> Iterator[None]:
    """Check that an instance that runs all the time is not disturbed."""
    pid, before = servers.figure("witness", "pid"), servers.sent("witness")
    yield
    wait_for(lambda: servers.sent("witness") > before, "another message of the witness")
    assert servers.figure("witness", "pid") == pid
    assert servers.status("witness") == ""
    assert servers.figure("witness", "errors") == 0


class Fed:
    """An instance that gets what a test sends, and what comes of that."""

    def __init__(self, servers: Servers, name: str, sender: Sender, receiver: Receiver) -> None:
        self.servers = servers
        self.name = name
        self._sender = sender
        self._receiver = receiver
        self._pulses = count(1)

    def send(self, *channels: Mapping[str, Value], pulse_id: int | None = None) -> int:
        """Send a message; returns its pulse id."""
        number = next(self._pulses) if pulse_id is None else pulse_id
        self._sender.send(number, time.time_ns(), *channels)
        return number

    def begin(self) -> None:
        """Wait until messages come through."""
        wait_for(lambda: self.send(frame(np.ones((4, 4), "u2"))) and self._receiver.receive(0.2), "a message")

    def results(self, image: NDArray[Any], **more: Value) -> dict[str, Value]:
        """Return the channels that come of an image."""
        number = self.send({**frame(image), **more})

        def found() -> Message | None:
            message = self._receiver.receive(0.5)
            return message if message and message.pulse_id == number else None

        message = wait_for(found, f"message {number}")
        return dict(message.values)

    def assert_fault(self, text: str, channels: Mapping[str, Value]) -> None:
        """Check that a message is an error that is told everywhere, and that the next one is fine."""
        before = self.servers.figure(self.name, "errors")
        self.send(channels)
        wait_for(lambda: text in self.servers.status(self.name), f"“{text}” in info")
        wait_for(lambda: self.servers.figure(self.name, "errors") == before + 1, "the count")
        self.servers.assert_logged(text)
        self.results(np.ones((4, 4), "u2"))
        wait_for(lambda: not self.servers.status(self.name), "all to be well")


def frame(image: NDArray[Any]) -> dict[str, Value]:
    height, width = image.shape if image.ndim == 2 else (1, image.size)
    axes = {"x_axis": np.arange(width, dtype="f4"), "y_axis": np.arange(height, dtype="f4")}
    return {"width": width, "height": height, "timestamp": 1.0, "image": image, **axes}


@contextmanager
def fed(servers: Servers, name: str, **raw: Any) -> Iterator[Fed]:
    sender = Sender("tcp://127.0.0.1:0", high_water_mark=100)
    address = sender.open()
    try:
        stream = servers.make(name, input_stream=address, **raw)
        receiver = Receiver(stream, high_water_mark=100)
        receiver.open()
        try:
            yield Fed(servers, name, sender, receiver)
        finally:
            receiver.close()
            servers.client.stop_instance(name)
    finally:
        sender.close(0)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"pipeline_type": "x"}, "pipeline_type 'x' not present in mapping. Available: ['processing', "),
        ({"function": "nothing"}, "Requested script 'nothing' does not exist."),
        ({"function": "fast.c"}, "functions in C are not run here"),
        ({"camera_name": "nobody"}, "Camera nobody is not online. Cannot start pipeline."),
        ({"camera_name": None}, "Camera name not specified in configuration."),
        ({"image_background": "none", "image_background_enable": True}, "Requested background 'none' does"),
        ({"image_threshold": "dark"}, "image_threshold: found 'dark', expected a number"),
        (
            {"image_region_of_interest": [0, 0, 0, 5]},
            "image_region_of_interest: found [0, 0, 0, 5], expected",
        ),
        ({"image_slices": {"number_of_slices": "all"}}, "number_of_slices must be an integer."),
        ({"image_slices": {"orientation": "up"}}, "Invalid slice orientation 'up'."),
        ({"binning_x": 0, "averaging": 1.5}, "averaging: found 1.5"),
        ({"treshold": 5}, "'treshold': no such key"),
        ({"mode": "FILE"}, "File name not defined"),
        ({"mode": "FILE", "file": "../x.h5"}, "below the folder of files"),
    ],
)
def test_what_cannot_be_is_refused(servers: Servers, raw: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        servers.make("refused", **{"camera_name": NAME, **raw})
    servers.assert_logged(said)
    info = servers.client.get_server_info()
    assert list(info["active_instances"]) == ["witness"]
    # What was begun and could not be is there, what was not begun is not.
    ending = info["ended_instances"].get("refused")
    assert ending is None or ending["exitcode"] == 1
    servers.client.delete_instance("refused")


def test_an_instance_goes_on_where_a_change_is_refused(servers: Servers) -> None:
    before = servers.client.get_instance_config("witness")
    for update, said in (
        ({"image_threshold": "x", "rotation": {"angle": "y"}}, r"found 'x'(.|\n)*rotation\.angle: found 'y'"),
        (
            {"image_background": "none", "image_background_enable": True},
            "Requested background 'none' does not",
        ),
        ({"function": "nothing"}, "Requested script 'nothing' does not exist"),
        ({"camera_name": "other"}, "Cannot change the camera name on a running instance"),
        ({}, "Config updates cannot be empty"),
    ):
        with pytest.raises(ValueError, match=said):
            servers.client.set_instance_config("witness", update)
    assert servers.client.get_instance_config("witness") == before
    servers.assert_logged("rotation.angle: found 'y'")


def test_images_that_show_nothing_and_messages_that_are_none(servers: Servers) -> None:
    keys = {"image_good_region": {}, "image_slices": THREE, "enforce_pid": True}
    with fed(servers, "fed", abort_on_error=False, **keys) as one:
        one.begin()
        for value in (0, 7, 65535):
            found = one.results(np.full((6, 8), value, "u2"))
            assert (found["min_value"], found["max_value"], found["intensity"]) == (value, value, 48 * value)
            assert np.isnan(found["x_fwhm"])
            assert (found["x_rms"], found.get("good_region"), found.get("coupling")) == (0, None, None)
        found = one.results(np.full((6, 8), np.nan, "f4"))
        assert np.isnan(found["min_value"])
        assert np.isnan(found["intensity"])
        assert one.results(np.ones((1, 1), "u2"))["width"] == 1
        assert one.results(np.ones((20, 30), "u1"))["image"].shape == (20, 30)
        assert servers.status("fed") == ""
        one.assert_fault("The image is empty: it is 8 x 0 pixels.", frame(np.empty((0, 8), "u2")))
        one.assert_fault("Found 8 instead of an image of rows and columns.", frame(np.ones(8, "u2")))
        one.assert_fault("A message has no image.", {"a": 1})
        one.assert_fault("x_axis has 3 values", {**frame(np.ones((6, 8))), "x_axis": np.ones(3, "f4")})
        before = servers.figure("fed", "skipped")
        one.send(frame(np.ones((4, 4), "u2")), pulse_id=1)
        wait_for(lambda: servers.figure("fed", "skipped") == before + 1, "the count")
        servers.assert_logged("Pulse id 1 comes after a later one: it is left out")


def beam(top: int) -> NDArray[np.uint16]:
    """Return an image whose beam is in the middle of its columns."""
    x, y = np.arange(50), np.arange(40)[:, None]
    return (1000 * np.exp(-((x - 25) ** 2) / 50 - (y - top) ** 2 / 50)).astype("u2")


def test_what_leaves_nothing_of_an_image(servers: Servers) -> None:
    with fed(servers, "fed", abort_on_error=False, image_good_region={}, image_slices=THREE) as one:
        one.begin()
        found = one.results(beam(20))
        assert found["good_region"] is not None
        assert found["slice_0_intensity"]
        # No slice lies inside the region where the beam is at its edge.
        found = one.results(beam(0))
        assert found["good_region"] is not None
        assert found["slice_0_intensity"] is found["slice_length"] is None

        def changed(update: dict[str, Any], channel: str, value: Value) -> dict[str, Value]:
            servers.client.set_instance_config("fed", update)

            def follows() -> dict[str, Value]:
                found = one.results(beam(20))
                return found if found[channel] == value else {}

            return wait_for(follows, str(update))

        found = changed({"image_threshold": 1001}, "max_value", 0)
        assert all(found[name] is None for name in ("good_region", "slice_0_center_x", "coupling"))
        # A region outside the image is moved until it lies inside.
        found = changed({"image_region_of_interest": [1000, 10, 1000, 5]}, "width", 10)
        assert found["height"] == 5
        for name, last in (("x_axis", 49), ("y_axis", 39)):
            axis = found[name]
            assert isinstance(axis, np.ndarray)
            assert axis[-1] == last
        assert servers.status("fed") == ""


def test_a_background_of_another_size(servers: Servers) -> None:
    said = "Bad background image size: it is 3 x 2, the images are 64 x 48 pixels."
    servers.client.set_background("small", [[1, 2, 3], [4, 5, 6]])
    keys = {"camera_name": NAME, "image_background": "small", "image_background_enable": True}
    servers.make("ends", **keys)
    servers.make("stays", abort_on_error=False, **keys)
    servers.assert_ended("ends", said)
    wait_for(lambda: said in servers.status("stays"), "the error in info")
    servers.client.set_instance_config("stays", {"image_background_enable": False})
    wait_for(lambda: not servers.status("stays"), "all to be well")
    servers.client.stop_instance("stays")


@pytest.mark.parametrize(
    ("mode", "kind", "said"),
    [
        ("PUB", zmq.SUB, "A client does not take in time what is sent: it misses messages."),
        ("PUSH", zmq.PULL, "A client is connected and takes nothing: the stream waits for it."),
    ],
)
def test_a_client_that_never_reads(servers: Servers, mode: str, kind: int, said: str) -> None:
    sender = Sender("tcp://127.0.0.1:0", high_water_mark=2)
    address = sender.open()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(kind)
    try:
        keys = {"function": "transparent", "mode": mode, "queue_size": 1}
        stream = servers.make("unread", input_stream=address, **keys)
        socket.set(zmq.RCVHWM, 1)
        if kind == zmq.SUB:
            socket.subscribe(b"")
        socket.connect(stream)
        image = frame(np.zeros((1000, 1000), "u2"))
        pulses = count()

        def told() -> bool:
            sender.send(next(pulses), time.time_ns(), image)
            return servers.status("unread") == said

        wait_for(told, "the client in info")
        servers.assert_logged(said)
        servers.client.stop_instance("unread")
        assert servers.ended()["unread"]["status"] == "it was stopped"
    finally:
        socket.close(0)
        context.term()
        sender.close(0)


def test_a_disk_that_is_full(servers: Servers) -> None:
    servers.make("full", camera_name=NAME, mode="FILE", file="full.h5")
    assert servers.status("full") == ""
    # For this process alone a disk is full as soon as its files may not become larger.
    limit = 1 << 20
    resource.prlimit(int(servers.figure("full", "pid")), resource.RLIMIT_FSIZE, (limit, limit))
    path = servers.folder / "files" / "full.h5"
    servers.assert_ended("full", f"{path} cannot be written any further: File too large.")


def test_scripts_that_go_wrong_end_their_instances_alone(servers: Servers) -> None:
    for name in SCRIPTS:
        servers.make(name, camera_name=NAME, function=name)
    for name, (_, said) in SCRIPTS.items():
        servers.assert_ended(name, f"Script {name}.py, {said}")


def test_a_script_that_goes_wrong_and_may_is_told_for_as_long_as_it_does(servers: Servers) -> None:
    said = f"Script raises.py, {SCRIPTS['raises'][1]}"
    servers.make("mended", camera_name=NAME, function="raises", abort_on_error=False)
    wait_for(lambda: said in servers.status("mended"), "the error in info")
    servers.assert_logged(said)
    servers.client.set_instance_config("mended", {"function": None})
    wait_for(lambda: not servers.status("mended"), "all to be well")
    assert servers.client.get_instance_exit_code("mended") is None
    servers.client.stop_instance("mended")
