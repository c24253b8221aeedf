"""Cameras that run, as real processes."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from pyca.camera.cameras import Cameras
from pyca.core.errors import (
    BusyError,
    ConfigError,
    ImagingError,
    OfflineError,
    SourceError,
    UnknownNameError,
)
from pyca.instances import newest
from tests.camera_doubles import (
    facts,
    figures,
    is_alive,
    listening,
    message_of,
    obedient,
    pid_of,
    running_cameras,
    settings_in,
    small,
    tell,
)
from tests.ports import free_port, free_ports
from tests.tools import wait_for


def test_a_stream_has_its_channels_in_order(cameras: Cameras) -> None:
    cameras.save("one", small(alias=["uno"]))
    address = cameras.stream("uno")
    assert address.startswith("tcp://127.0.0.1:")
    assert cameras.local("uno").startswith("ipc://@")
    with listening(cameras.local("uno")) as receiver:
        assert message_of(receiver).values["width"]
    with listening(address) as receiver:
        message = message_of(receiver)
        following = message_of(receiver)
    assert [channel.name for channel in message.channels] == [
        "width",
        "height",
        "timestamp",
        "image",
        "x_axis",
        "y_axis",
    ]
    assert [channel.type for channel in message.channels] == [
        "int64",
        "int64",
        "float64",
        "uint16",
        "float32",
        "float32",
    ]
    assert [tuple(channel.shape) for channel in message.channels] == [(), (), (), (32, 16), (32,), (16,)]
    assert (message.values["width"], message.values["height"]) == (32, 16)
    assert message.values["timestamp"] == pytest.approx(message.nanoseconds / 1e9)
    assert following.pulse_id == message.pulse_id + 1


def test_further_channels_of_the_camera_follow(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    with listening(cameras.stream("one")) as receiver:
        message = message_of(receiver)
    assert message.channels[-1].name == "extra"
    assert message.values["extra"] == 2.5


def test_pulse_ids_can_be_the_time(cameras: Cameras) -> None:
    cameras.save("one", small(simulate_pulse_id=True))
    with listening(cameras.stream("one")) as receiver:
        message = message_of(receiver)
    assert message.pulse_id == message.nanoseconds // 10_000_000


def test_stopping_ends_the_process(cameras: Cameras) -> None:
    cameras.save("one", small())
    address = cameras.stream("one")
    assert cameras.stream("one") == address
    pid = pid_of(cameras, "one")
    assert "camera:one" in Path(f"/proc/{pid}/cmdline").read_text()
    cameras.stop("one")
    assert not is_alive(pid)
    assert not cameras.info()["active_instances"]
    cameras.stop("one")
    cameras.stop("unknown")
    assert cameras.stream("one") != address


def test_a_process_that_hangs_is_killed(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    cameras.stream("one")
    pid = pid_of(cameras, "one")
    tell(order, "hangs")
    wait_for(lambda: Path(f"/proc/{pid}/wchan").read_text() == "hrtimer_nanosleep", "the hanging process")
    cameras.stop("one")
    assert not is_alive(pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_is_followed_by_another_one(cameras: Cameras, how: signal.Signals) -> None:
    cameras.save("one", small())
    address = cameras.stream("one")
    with listening(address) as receiver:
        message_of(receiver)
        pid = pid_of(cameras, "one")
        os.kill(pid, how)
        wait_for(lambda: not is_alive(pid), "the end of the process")
        while receiver.receive(0.1) is not None:
            pass
        message_of(receiver)
        assert cameras.stream("one") == address
        assert pid_of(cameras, "one") != pid
    assert "killed" in " ".join(line[3] for line in cameras.logs())


def test_a_mistake_of_ours_is_logged_and_the_process_replaced(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        tell(order, "raises")
        wait_for(lambda: "a mistake of ours" in str(cameras.instance_logs("one")), "the traceback")
        tell(order, "6x6")
        wait_for(lambda: message_of(receiver).values["width"] == 6, "images of the next process")


def test_the_parent_of_all_may_be_killed(cameras: Cameras) -> None:
    cameras.save("one", small())
    address = cameras.stream("one")
    with listening(address) as receiver:
        message_of(receiver)
        pid = pid_of(cameras, "one")
        os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)
        wait_for(lambda: not is_alive(pid), "the end of the process")
        while receiver.receive(0.1) is not None:
            pass
        message_of(receiver)
    assert cameras.online("one") == (True, "")


SERVER = """
import json, sys, time
from pathlib import Path
from tests.camera_doubles import running_cameras, settings_in, small
with running_cameras(settings_in(Path(sys.argv[1]))) as cameras:
    for name in ("one", "two"):
        cameras.save(name, small(no_client_timeout=0))
        cameras.stream(name)
    found = cameras.info()["active_instances"].values()
    print(json.dumps([int(one["statistics"]["pid"]) for one in found]), flush=True)
    time.sleep(600)
"""


def test_nothing_is_left_of_a_killed_server(tmp_path: Path) -> None:
    path = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    ) as server:
        assert server.stdout is not None
        pids = json.loads(server.stdout.readline())
        pids.append(psutil.Process(pids[0]).ppid())
        assert all(map(is_alive, pids))
        server.kill()
    wait_for(lambda: not any(map(is_alive, pids)), "the end of all processes")


def test_it_ends_without_clients(cameras: Cameras) -> None:
    cameras.save("one", small(no_client_timeout=0.5))
    cameras.stream("one")
    wait_for(lambda: not cameras.info()["active_instances"], "its end")
    assert "It ends: Nobody has listened for 0.5 s" in str(cameras.instance_logs("one"))
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        wait_for(lambda: figures(cameras, "one")["clients"] == 1, "the client")
    wait_for(lambda: not cameras.info()["active_instances"], "its end after the last client")


def test_a_change_shows_in_the_second_frame_at_the_latest(cameras: Cameras) -> None:
    cameras.save("one", small())
    with listening(cameras.stream("one")) as receiver:
        for turns in (1, 2, 3, 0):
            before = message_of(receiver)
            cameras.save("one", small(rotate=turns))
            shape = (32, 16) if turns % 2 else (16, 32)
            seen = int(str(figures(cameras, "one")["tx"]).rpartition(" ")[2])
            # One more may be on its way when it is counted.
            message = before
            while message.pulse_id < seen + 1:
                message = message_of(receiver)
            assert np.asarray(message.values["image"]).shape == shape
            assert np.asarray(message.values["x_axis"]).size == shape[1]
        assert cameras.geometry("one") == (32, 16)


def test_another_source_keeps_process_and_stream(cameras: Cameras, order: Path) -> None:
    cameras.save("one", small())
    address = cameras.stream("one")
    pid = pid_of(cameras, "one")
    with listening(address) as receiver:
        message_of(receiver)
        cameras.save("one", obedient(order))
        wait_for(lambda: message_of(receiver).values["width"] == 8, "images of the other camera")
    assert (cameras.stream("one"), pid_of(cameras, "one")) == (address, pid)


def test_another_queue_starts_it_anew_at_the_same_port(cameras: Cameras) -> None:
    cameras.save("one", small())
    address = cameras.stream("one")
    pid = pid_of(cameras, "one")
    cameras.save("one", small(queue_size=3))
    assert cameras.stream("one") == address
    assert pid_of(cameras, "one") != pid


def test_a_file_changed_by_hand_is_followed(cameras: Cameras, tmp_path: Path) -> None:
    cameras.save("one", small())
    file = tmp_path / "cameras" / "one.json"
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        file.write_text(json.dumps(small(rotate=1)))
        wait_for(lambda: message_of(receiver).values["width"] == 16, "the turned image")
        file.write_text("{")
        wait_for(lambda: "goes on as before" in str(cameras.logs()), "the message")
        message_of(receiver)
        file.unlink()
        wait_for(lambda: not cameras.info()["active_instances"], "its end")


def test_deleting_and_renaming_stop_it(cameras: Cameras) -> None:
    cameras.save("one", small())
    cameras.stream("one")
    cameras.rename("one", "two")
    assert not cameras.info()["active_instances"]
    cameras.stream("two")
    cameras.delete("two")
    assert not cameras.info()["active_instances"]
    with pytest.raises(UnknownNameError):
        cameras.stream("two")


def test_an_offline_camera_is_said_to_be(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    tell(order, "offline")
    with pytest.raises(OfflineError, match=r"^Camera with prefix P is offline$"):
        cameras.stream("one")
    assert not cameras.info()["active_instances"]
    assert cameras.online("one") == (False, "Camera with prefix P is offline")
    for question in (cameras.geometry, cameras.snapshot):
        with pytest.raises(OfflineError):
            question("one")


def test_a_camera_that_goes_away_is_waited_for(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        tell(order, "offline")
        wait_for(lambda: cameras.online("one") == (False, "Camera with prefix P is offline"), "the fault")
        with pytest.raises(OfflineError):
            cameras.snapshot("one")
        tell(order, "8x4")
        wait_for(lambda: cameras.online("one") == (True, ""), "its return")
        message_of(receiver)


def test_garbage_is_counted_and_told_once(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    with listening(cameras.stream("one")) as receiver:
        tell(order, "garbage")
        wait_for(lambda: int(str(figures(cameras, "one")["garbled"])) > 20, "garbage")
        tell(order, "8x4")
        message_of(receiver)
    assert len([line for line in cameras.instance_logs("one") if "are no image" in line[3]]) == 1


def test_another_size_changes_header_and_axes(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        tell(order, "6x10")
        message = wait_for(
            lambda: found if (found := message_of(receiver)).values["width"] == 6 else None, "the other size"
        )
    assert np.asarray(message.values["image"]).shape == (10, 6)
    assert [np.asarray(message.values[name]).size for name in ("x_axis", "y_axis")] == [6, 10]
    wait_for(lambda: cameras.geometry("one") == (6, 10), "the server to see it too")


def test_frames_are_left_out_for_a_lower_rate(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order, frame_rate=5))
    with listening(cameras.stream("one")) as receiver:
        first, second = message_of(receiver), message_of(receiver)
    assert second.nanoseconds - first.nanoseconds >= 0.7 * 0.2e9
    assert int(str(figures(cameras, "one")["skipped"])) > 0


def test_snapshots_raw_and_transformed(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order, rotate=1))
    for _ in range(2):
        raw, image = cameras.snapshot("one", raw=True), cameras.snapshot("one")
        assert (raw.image == np.arange(32).reshape(4, 8)).all()
        assert (image.image == np.rot90(raw.image)).all()
        assert (image.x_axis.size, image.y_axis.size) == (4, 8)
        assert cameras.geometry("one") == (4, 8)
        cameras.stream("one")
    tell(order, "nothing")
    wait_for(lambda: figures(cameras, "one")["rx"], "figures")
    with pytest.raises(SourceError, match="delivered nothing within"):
        # One may be on its way.
        for _ in range(3):
            cameras.snapshot("one", timeout=0.5)


def test_an_image_without_room_ends_no_stream(cameras: Cameras) -> None:
    cameras.save("one", small())
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        pid = pid_of(cameras, "one")
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
        free = next(number for number in range(len(used) + 1) if number not in used)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, limits[1]))
        with pytest.raises(ImagingError, match="no memory for an image: Too many open files"):
            cameras.snapshot("one")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        assert cameras.snapshot("one").image.shape == (16, 32)
        assert pid_of(cameras, "one") == pid


def test_a_change_that_is_too_long_is_refused(cameras: Cameras) -> None:
    cameras.save("one", small())
    cameras.stream("one")
    with pytest.raises(ImagingError, match="cannot be told what to do"):
        cameras.save("one", small(group=[f"{number:0190}" for number in range(900)]))
    assert cameras.snapshot("one").image.shape == (16, 32)


def test_a_background_is_subtracted(cameras: Cameras, order: Path) -> None:
    cameras.background("dark", np.full((4, 8), 5, np.uint16))
    cameras.save("one", obedient(order, image_background="dark"))
    cameras.stream("one")
    assert cameras.snapshot("one").image.ravel()[:8].tolist() == [0, 0, 0, 0, 0, 0, 1, 2]
    cameras.background("dark", np.full((4, 8), 2, np.uint16))
    assert cameras.snapshot("one").image.ravel()[:4].tolist() == [0, 0, 0, 1]
    cameras.stop("one")
    assert cameras.snapshot("one").image.ravel()[:4].tolist() == [0, 0, 0, 1]


def test_the_newest_frames(cameras: Cameras) -> None:
    cameras.save("one", small())
    with cameras.frames("one") as frames:
        pulses = [next(frames).pulse_id for _ in range(3)]
    assert pulses == sorted(set(pulses))


def test_frames_end_with_their_camera(cameras: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody waits for the silence of a camera that somebody has stopped.
    monkeypatch.setattr(newest, "SILENCE_SECONDS", 1000.0)
    cameras.save("one", small(alias=["uno"]))
    with cameras.frames("uno") as frames:
        assert next(frames)
        cameras.stop("one")
        for _ in frames:
            pass
    with cameras.frames("one") as frames:
        assert next(frames)
        os.kill(pid_of(cameras, "one"), signal.SIGKILL)
        # One that crashed is waited for.
        for _ in range(3 * 100):
            assert next(frames)


def test_a_stream_may_be_a_unix_socket(cameras: Cameras, tmp_path: Path) -> None:
    cameras.save("one", small(protocol="ipc"))
    address = cameras.stream("one")
    assert address.startswith("ipc:///")
    assert Path(address.removeprefix("ipc://")).parent.stat().st_mode & 0o77 == 0
    with listening(address) as receiver:
        message_of(receiver)


def test_concurrent_calls_start_one_process(cameras: Cameras, order: Path) -> None:
    tell(order, "slow")
    cameras.save("slow", obedient(order))
    cameras.save("quick", small())
    with ThreadPoolExecutor(8) as pool:
        slow = [pool.submit(cameras.stream, "slow") for _ in range(6)]
        cameras.stream("quick")
        tell(order, "8x4")
        assert len({one.result() for one in slow}) == 1
    assert len(cameras.info()["active_instances"]) == 2


def test_ports(tmp_path: Path) -> None:
    port = free_ports(2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with running_cameras(settings_in(tmp_path, first_port=port, last_port=port + 1)) as cameras:
            for name in ("one", "two"):
                cameras.save(name, small())
            assert cameras.stream("one") == f"tcp://127.0.0.1:{port + 1}"
            with pytest.raises(BusyError, match=r"^All ports are used\. Stop some instances before"):
                cameras.stream("two")
            cameras.stop("one")
            assert cameras.stream("two") == f"tcp://127.0.0.1:{port + 1}"
            cameras.save("fixed", small(port=port))
            with pytest.raises(BusyError, match=f"Port {port} is in use"):
                cameras.stream("fixed")
            assert list(cameras.info()["active_instances"]) == ["two"]
        free = free_port()
        with running_cameras(settings_in(tmp_path, first_port=port, last_port=port + 1)) as cameras:
            cameras.save("fixed", small(port=free))
            cameras.save("same", small(port=free))
            assert cameras.stream("fixed") == f"tcp://127.0.0.1:{free}"
            with pytest.raises(BusyError, match=f"Port {free} is in use"):
                cameras.stream("same")


def test_nothing_stays_open(cameras: Cameras) -> None:
    cameras.save("one", small())
    cameras.stream("one")
    nursery = psutil.Process(psutil.Process(pid_of(cameras, "one")).ppid())
    cameras.snapshot("one")
    cameras.stop("one")

    def opened() -> tuple[int, int]:
        return psutil.Process().num_fds(), nursery.num_fds()

    before = opened()
    for _ in range(20):
        cameras.stream("one")
        cameras.snapshot("one")
        cameras.stop("one")
        cameras.geometry("one")
    wait_for(lambda: opened() == before, f"the descriptors of the beginning, {before}")
    assert not nursery.children()


def test_two_hundred(tmp_path: Path) -> None:
    first = free_ports(300)
    settings = settings_in(tmp_path, first_port=first, last_port=first + 299)
    names = [f"camera{number}" for number in range(200)]
    with running_cameras(settings) as cameras:
        for name in names:
            file = tmp_path / "cameras" / f"{name}.json"
            file.write_text(json.dumps(small(frame_rate=1, no_client_timeout=0)))
        with ThreadPoolExecutor(8) as pool:
            addresses = set(pool.map(cameras.stream, names))
        assert len(addresses) == 200
        assert len(cameras.info()["active_instances"]) == 200
        pids = [pid_of(cameras, name) for name in names]
        assert all(map(is_alive, pids))
        cameras.stop_all()
        assert not any(map(is_alive, pids))
        assert not cameras.heartbeat()["instances"]


def test_figures_and_logs(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        wait_for(lambda: cameras.heartbeat()["instances"]["one"]["tx"] > 0, "a rate")
        state = facts(cameras, "one")
        assert state["statistics"]["frame_shape"] == "8x4x2"
        assert state["statistics"]["rx"].partition("Hz - ")[2].isdigit()
        assert state["camera_geometry"] == [8, 4]
        assert state["last_start_time"].endswith(" UTC+0000")
        assert cameras.info()["active_instances"].keys() == {"one"}
    wait_for(lambda: cameras.info()["tx"] is not None, "the machine's rates")


def test_nobody_waits_for_a_probe(cameras: Cameras, order: Path) -> None:
    tell(order, "slow")
    cameras.save("slow", obedient(order))
    asked = threading.Thread(target=cameras.online, args=("slow",))
    asked.start()
    cameras.save("quick", small())
    cameras.stream("quick")
    cameras.info()
    tell(order, "8x4")
    asked.join()


def test_cameras_that_never_began_can_be_closed(tmp_path: Path) -> None:
    Cameras(settings_in(tmp_path)).close()


def test_a_size_that_only_images_tell(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    tell(order, "nothing")
    cameras.stream("one")
    tell(order, "8x4")
    assert cameras.geometry("one") == (8, 4)


def status_of(cameras: Cameras, name: str) -> str:
    return str(cameras.info()["active_instances"][name]["status"])


def test_a_background_that_is_gone_is_told(cameras: Cameras, order: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Requested background 'none' does not exist"):
        cameras.save("one", obedient(order, image_background="none"))
    cameras.background("none", np.full((4, 8), 2, np.uint16))
    cameras.save("one", obedient(order, image_background="none"))
    (tmp_path / "backgrounds" / "none.npy").unlink()
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        wait_for(lambda: status_of(cameras, "one") == "Requested background 'none' does not exist.", "words")
        assert "none" in str(cameras.instance_logs("one"))
        cameras.background("none", np.full((4, 8), 2, np.uint16))
        wait_for(lambda: status_of(cameras, "one") == "", "that all is well")
        message_of(receiver)
    cameras.remove("one")
    assert cameras.instance_logs("one") == []


def test_a_background_of_another_size_is_told(cameras: Cameras, order: Path) -> None:
    cameras.background("dark", np.full((8, 4), 2, np.uint16))
    cameras.save("one", obedient(order, image_background="dark"))
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        wait_for(lambda: "it is 4 x 8, the images are 8 x 4" in status_of(cameras, "one"), "words")
        # What the camera does is more than what its images are.
        tell(order, "offline")
        wait_for(lambda: "is offline" in status_of(cameras, "one"), "that it is offline")


def test_compression_changes_while_it_runs(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    with listening(cameras.stream("one")) as receiver:
        for chosen in ("bitshuffle_lz4", "lz4", None):
            cameras.save("one", obedient(order, image_compression=chosen, scalar_compression=chosen))
            message = message_of(receiver)
            while message.channels[3].compression != (chosen or ""):
                message = message_of(receiver)
            assert (np.asarray(message.values["image"]) == np.arange(32).reshape(4, 8)).all()
            assert [channel.compression for channel in message.channels[:3]] == [chosen or ""] * 3


def test_an_image_of_a_camera_whose_process_ends_meanwhile(cameras: Cameras) -> None:
    cameras.save("one", small())
    cameras.stream("one")
    os.kill(pid_of(cameras, "one"), signal.SIGKILL)
    assert cameras.snapshot("one").image.shape == (16, 32)
    assert cameras.geometry("one") == (32, 16)
    cameras.save("one", small(rotate=1))
