"""Private and shared instances, whose processes are stand-ins."""

import logging
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from pyca.core.errors import (
    BusyError,
    ConfigError,
    ImagingError,
    MachineError,
    OfflineError,
    SourceError,
    UnknownNameError,
)
from pyca.instances import running as running_module
from pyca.instances.logs import logger_of
from pyca.pipeline.pipelines import Pipelines
from tests.camera_doubles import is_alive, listening, message_of
from tests.pipeline_doubles import CameraServer, order, running_pipelines, settings_in
from tests.tools import wait_for

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


def small(**more: Any) -> dict[str, Any]:
    return {"camera_name": "any", "no_client_timeout": 0, **more}


def pid_of(pipelines: Pipelines, name: str) -> int:
    """Wait until an instance has a process, and return its id."""
    return int(wait_for(lambda: pipelines.instance_info(name)["statistics"]["pid"], "its process"))


def ended(pipelines: Pipelines, name: str) -> int:
    """Wait until an instance has ended, and return its exit code."""
    return wait_for(lambda: [code] if (code := pipelines.exitcode(name)) is not None else None, "its end")[0]


def test_a_private_instance_has_the_id_that_it_was_given(pipelines: Pipelines) -> None:
    made = pipelines.create(small(image_threshold=5), "mine")
    assert made.id == "mine"
    assert made.stream.startswith("tcp://127.0.0.1:")
    assert made.config["image_threshold"] == 5
    assert made.config["pipeline_type"] == "processing"
    with listening(made.stream) as receiver:
        assert message_of(receiver).values["number"] >= 1
    assert pipelines.stream("mine") == made.stream
    assert pipelines.instance_config("mine") == made.config


def test_without_an_id_each_instance_gets_one_of_its_own(pipelines: Pipelines) -> None:
    first, second = pipelines.create(small()), pipelines.create(small())
    assert re.fullmatch(UUID, first.id) and re.fullmatch(UUID, second.id)
    assert first.id != second.id and first.stream != second.stream


def test_an_id_that_runs_cannot_be_taken(pipelines: Pipelines) -> None:
    pipelines.create(small(), "mine")
    with pytest.raises(BusyError) as caught:
        pipelines.create(small(), "mine")
    assert caught.value.message == (
        "Instance with id 'mine' is already present and running. Use another instance_id or stop the current "
        "instance if you want to reuse the same instance_id."
    )
    pipelines.stop("mine")
    assert pipelines.create(small(image_threshold=7), "mine").config["image_threshold"] == 7


@pytest.mark.parametrize("name", ["", "..", "a/b", "x" * 300])
def test_an_impossible_id_is_refused(pipelines: Pipelines, name: str) -> None:
    with pytest.raises(ImagingError, match="name"):
        pipelines.create(small(), name)


def test_neither_name_nor_configuration(pipelines: Pipelines) -> None:
    words = "You must specify either the pipeline name or the configuration for the pipeline."
    for call in (pipelines.create, pipelines.shared, pipelines.create_named):
        with pytest.raises(ImagingError) as caught:
            call("" if call == pipelines.create_named else None)  # type: ignore[operator]
        assert caught.value.message == words


def test_all_that_is_wrong_with_a_configuration_is_told(pipelines: Pipelines) -> None:
    with pytest.raises(ConfigError) as caught:
        pipelines.create({"pipeline_type": "cooking", "image_threshold": "much"})
    assert len(caught.value.problems) >= 2
    assert not pipelines.info()["active_instances"]


def test_an_instance_of_a_saved_pipeline(pipelines: Pipelines) -> None:
    pipelines.save("laser", small(image_threshold=3))
    made = pipelines.create_named("laser", "mine", {"image_threshold": 4, "mirror_x": True})
    assert (made.config["image_threshold"], made.config["mirror_x"]) == (4, True)
    assert pipelines.create_named("laser").config["image_threshold"] == 3
    assert pipelines.config("laser")["image_threshold"] == 3
    info = pipelines.instance_info("mine")
    assert (info["pipeline"], info["read_only"]) == ("laser", False)
    with pytest.raises(UnknownNameError, match=r"Pipeline 'none' does not exist\."):
        pipelines.create_named("none")


def test_the_shared_instance_of_a_saved_pipeline_is_read_only(pipelines: Pipelines) -> None:
    pipelines.save("laser", small())
    address = pipelines.stream("laser")
    assert pipelines.stream("laser") == address
    assert pipelines.instance_info("laser")["read_only"] is True
    with pytest.raises(ImagingError) as caught:
        pipelines.change("laser", {"image_threshold": 1})
    assert caught.value.message == "Cannot set config on a read only instance."


def test_neither_an_instance_nor_a_saved_pipeline(pipelines: Pipelines) -> None:
    with pytest.raises(UnknownNameError) as caught:
        pipelines.stream("none")
    assert caught.value.message == (
        "Instance 'none' is not present on server and it is not a saved pipeline name."
    )
    for ask in (pipelines.instance_info, pipelines.instance_config, pipelines.exitcode, pipelines.message):
        with pytest.raises(UnknownNameError) as caught:
            ask("none")
        assert caught.value.message == "Instance 'none' does not exist."
    with pytest.raises(UnknownNameError, match=r"Instance 'none' does not exist\."):
        pipelines.change("none", {"image_threshold": 1})
    pipelines.stop("none")
    pipelines.remove("none")


def test_equal_configurations_share_one_instance(pipelines: Pipelines) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: pipelines.shared(small(image_threshold=8)), range(4)))
    assert len({one.id for one in made}) == len({one.stream for one in made}) == 1
    assert pipelines.shared(small(image_threshold=8.0, mirror_x=False)).id == made[0].id
    assert pipelines.shared(small(image_threshold=9)).id != made[0].id
    with pytest.raises(ImagingError, match="read only"):
        pipelines.change(made[0].id, {"image_threshold": 1})


def test_a_running_saved_pipeline_that_is_equal_is_shared(pipelines: Pipelines) -> None:
    pipelines.save("laser", small(image_threshold=2))
    pipelines.stream("laser")
    assert pipelines.shared(small(image_threshold=2)).id == "laser"
    pipelines.create(small(image_threshold=6), "mine")
    assert pipelines.shared(small(image_threshold=6)).id != "mine"


def test_any_instance_can_be_read_only(pipelines: Pipelines) -> None:
    pipelines.create(small(read_only=True), "mine")
    with pytest.raises(ImagingError, match="read only"):
        pipelines.change("mine", {"image_threshold": 1})


def test_a_change_names_only_what_changes(pipelines: Pipelines) -> None:
    made = pipelines.create(small(image_threshold=5, image_good_region={"threshold": 0.4}), "mine")
    config = pipelines.change("mine", {"image_good_region": {"gfscale": 2.5}, "paused": True})
    assert config["image_good_region"] == {"threshold": 0.4, "gfscale": 2.5}
    assert (config["image_threshold"], config["paused"]) == (5, True)
    assert config == pipelines.instance_config("mine") == pipelines.instance_info("mine")["config"]
    assert pipelines.change("mine", {"image_threshold": None})["image_threshold"] is None
    assert pipelines.stream("mine") == made.stream
    with listening(made.stream) as receiver:
        wait_for(lambda: '"gfscale": 2.5' in str(message_of(receiver).values), "a message that knows it")


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ({}, "Config updates cannot be empty."),
        (
            {"camera_name": "other"},
            "Cannot change the camera name on a running instance. Stop the instance first.",
        ),
        ({"image_background": "nothing"}, "Requested background 'nothing' does not exist."),
        ({"image_threshold": "much"}, "image_threshold"),
    ],
)
def test_what_cannot_be_changed(pipelines: Pipelines, update: dict[str, Any], words: str) -> None:
    before = pipelines.create(small(), "mine").config
    with pytest.raises((ImagingError, ConfigError)) as caught:
        pipelines.change("mine", update)
    assert words in caught.value.message
    assert pipelines.instance_config("mine") == before


def test_a_change_that_the_process_refuses_is_taken_back(pipelines: Pipelines, folder: Path) -> None:
    before = pipelines.create(small(camera_name="stubborn"), "mine").config
    order(folder, "stubborn", "refuses")
    with pytest.raises(ImagingError, match="It does not want to"):
        pipelines.change("mine", {"image_threshold": 4})
    assert pipelines.instance_config("mine") == before


def test_a_function_is_loaded_anew_each_time_somebody_says_so(pipelines: Pipelines) -> None:
    made = pipelines.create(small(function="own", reload=True), "mine")
    assert made.config["reload"] is False
    with listening(made.stream) as receiver:
        for number in (1, 2):
            assert pipelines.change("mine", {"reload": True})["reload"] is False
            wait_for(lambda: '"reload": true' in str(message_of(receiver).values), "one that does it")
            pipelines.change("mine", {"image_threshold": number})
            wait_for(lambda: '"reload": false' in str(message_of(receiver).values), "one that has done it")


def test_an_instance_needs_the_background_that_it_names(pipelines: Pipelines) -> None:
    with pytest.raises(ImagingError, match=r"Requested background 'none' does not exist\."):
        pipelines.create(small(image_background="none"), "mine")
    with pytest.raises(UnknownNameError):
        pipelines.instance_config("mine")


def test_one_whose_camera_is_offline_is_not_there(pipelines: Pipelines, folder: Path) -> None:
    order(folder, "off", "offline")
    for _ in range(2):
        with pytest.raises(OfflineError) as caught:
            pipelines.create(small(camera_name="off"), "mine")
        assert caught.value.message == "Camera off is not online. Cannot start pipeline."
    with pytest.raises(UnknownNameError):
        pipelines.instance_info("mine")
    assert pipelines.exitcode("mine") == 1
    assert "off is not online" in pipelines.info()["ended_instances"]["mine"]["status"]
    assert any("mine cannot be started: Camera off is not online" in one[3] for one in pipelines.logs())
    pipelines.save("far", small(camera_name="off"))
    before = set(pipelines.info()["ended_instances"])
    for create in (lambda: pipelines.create(small(camera_name="off")), lambda: pipelines.create_named("far")):
        with pytest.raises(OfflineError):
            create()
    assert set(pipelines.info()["ended_instances"]) <= before, "ids that were made up are known to nobody"


def test_one_that_never_began_and_has_no_name_is_forgotten(pipelines: Pipelines, folder: Path) -> None:
    order(folder, "off", "offline")
    pipelines.save("plain", small(camera_name="off"))
    before = pipelines.info()["ended_instances"]
    for make in (lambda: pipelines.create(small(camera_name="off")), lambda: pipelines.create_named("plain")):
        with pytest.raises(OfflineError):
            make()
    assert pipelines.info()["ended_instances"] == before


def test_one_that_begins_slowly_blocks_nobody_else(pipelines: Pipelines, folder: Path) -> None:
    order(folder, "tardy", "slow")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(pipelines.create, small(camera_name="tardy"), "slow")
        pipelines.create(small(), "quick")
        assert pipelines.change("quick", {"image_threshold": 3})["image_threshold"] == 3
        assert list(pipelines.info()["active_instances"]) == ["quick"]
        pipelines.stop("quick")
        assert not slow.done()
        order(folder, "tardy", "")
        assert slow.result(60).id == "slow"


def test_one_that_is_just_being_ended_is_waited_for(
    pipelines: Pipelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipelines.create(small(), "mine")
    instances = pipelines._roster.instances
    real, asked = instances.find, []

    def find(name: str) -> Any:
        asked.append(name)
        if len(asked) == 3:
            pipelines.remove(name)
        return None if len(asked) < 4 else real(name)

    monkeypatch.setattr(instances, "find", find)
    with pytest.raises(UnknownNameError, match="Instance 'mine' does not exist"):
        pipelines.instance_info("mine")
    assert len(asked) >= 3


def test_one_that_is_being_started_again_is_said_to_be_so(pipelines: Pipelines, folder: Path) -> None:
    pipelines.create(small(camera_name="frail"), "mine")
    pid = pid_of(pipelines, "mine")
    order(folder, "frail", "slow")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not pipelines.info()["active_instances"], "its end to be seen")
    with pytest.raises(BusyError, match="Instance 'mine' is just being started or ended"):
        pipelines.instance_info("mine")
    assert pipelines.exitcode("mine") is None
    assert pipelines.change("mine", {"image_threshold": 3})["image_threshold"] == 3
    order(folder, "frail", "")
    wait_for(lambda: pid_again(pipelines, "mine") not in (0, pid), "its next process")
    text = '"image_threshold": 3'
    wait_for(
        lambda: text in str(pipelines.message("mine").values), "the change, which came after its beginning"
    )


def test_one_id_wanted_by_many_is_given_to_one(pipelines: Pipelines) -> None:
    def attempt(number: int) -> bool:
        try:
            return bool(pipelines.create(small(image_threshold=number + 1), "mine"))
        except BusyError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_the_end_of_the_server_waits_for_nobody_who_has_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "START_SECONDS", 600.0)
    order(tmp_path, "tardy", "slow")
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "laser.json").write_text('{"camera_name": "tardy"}')
    (tmp_path / "pipelines" / "permanent_instances.json").write_text('{"laser": null}')
    with running_pipelines(settings_in(tmp_path)) as pipelines, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(pipelines.create, small(camera_name="tardy"), "mine")
        wait_for(lambda: _begun(pipelines) == {"mine", "laser"}, "both to begin")
        pipelines.close()
        with pytest.raises(ImagingError, match="ended before it began"):
            slow.result(60)


def _begun(pipelines: Pipelines) -> set[str]:
    return {slot.name for slot in pipelines._instances._slots.everything() if slot.running is not None}


def test_how_an_instance_ended_stays_known(pipelines: Pipelines, folder: Path) -> None:
    made = pipelines.create(small(camera_name="short"), "mine")
    assert pipelines.exitcode("mine") is None
    pid = pid_of(pipelines, "mine")
    order(folder, "short", "over 1 Division by zero in own.py, line 3")
    assert ended(pipelines, "mine") == 1
    assert not is_alive(pid)
    with pytest.raises(UnknownNameError) as caught:
        pipelines.instance_info("mine")
    assert caught.value.message == "Instance 'mine' does not exist."
    assert "exit code 1: Division by zero in own.py, line 3" in caught.value.remedy
    told = pipelines.info()["ended_instances"]["mine"]
    assert (told["exitcode"], told["status"]) == (1, "Division by zero in own.py, line 3")
    with pytest.raises(UnknownNameError, match="is not present on server"):
        pipelines.stream("mine")
    pipelines.remove("mine")
    with pytest.raises(UnknownNameError):
        pipelines.exitcode("mine")
    order(folder, "short", "")
    assert pipelines.create(small(camera_name="short"), "mine").id == made.id


def test_one_that_was_stopped_ended_well(pipelines: Pipelines) -> None:
    pipelines.create(small(), "mine")
    pid = pid_of(pipelines, "mine")
    pipelines.stop("mine")
    assert not is_alive(pid)
    assert pipelines.exitcode("mine") == 0
    assert "stopped" in pipelines.info()["ended_instances"]["mine"]["status"]


def test_one_that_nobody_listens_to_ends(pipelines: Pipelines) -> None:
    pipelines.create(small(no_client_timeout=0.2), "mine")
    assert ended(pipelines, "mine") == 0


def test_one_that_crashes_is_started_again_as_it_was(pipelines: Pipelines, folder: Path) -> None:
    made = pipelines.create(small(camera_name="shaky"), "mine")
    pipelines.change("mine", {"image_threshold": 6})
    pid = pid_of(pipelines, "mine")
    order(folder, "shaky", "dies")
    wait_for(lambda: not is_alive(pid), "its end")
    order(folder, "shaky", "")
    wait_for(lambda: pid_again(pipelines, "mine") not in (0, pid), "its next process")
    assert pipelines.stream("mine") == made.stream
    with listening(made.stream) as receiver:
        assert '"image_threshold": 6' in str(message_of(receiver).values)


def pid_again(pipelines: Pipelines, name: str) -> int:
    running = pipelines.info()["active_instances"].get(name)
    return int(running["statistics"]["pid"] or 0) if running else 0


def test_one_that_crashes_and_that_nobody_wants_is_over(pipelines: Pipelines, folder: Path) -> None:
    pipelines.create(small(camera_name="weak", no_client_timeout=0.001), "mine")
    order(folder, "weak", "dies")
    assert ended(pipelines, "mine") in (0, 7)


def test_the_newest_message_whatever_the_mode(pipelines: Pipelines) -> None:
    pipelines.create(small(mode="PUSH"), "push")
    pipelines.create(small(mode="FILE", file="a/b.h5"), "file")
    for name in ("push", "file"):
        message = pipelines.message(name)
        assert message.values["number"] >= 1
        image: Any = message.values["image"]
        assert image.shape == (2, 3) and image.dtype == np.uint16
        assert message.pulse_id == message.values["number"]


def test_no_message_in_time(pipelines: Pipelines, folder: Path) -> None:
    order(folder, "mute", "silent")
    pipelines.create(small(camera_name="mute"), "mine")
    with pytest.raises(SourceError, match="delivered nothing"):
        pipelines.message("mine", 0.1)


def test_who_looks_counts_as_listener(pipelines: Pipelines) -> None:
    pipelines.create(small(no_client_timeout=5), "mine")
    running = pipelines._roster.find("mine")[0]
    before = time.monotonic()
    pipelines.message("mine")
    assert running.last_needed() >= before


def test_the_file_of_one_that_writes_a_file_is_its_address(pipelines: Pipelines, folder: Path) -> None:
    made = pipelines.create(small(mode="FILE", file="a/b.h5"), "mine")
    assert made.stream == str(folder / "files" / "a" / "b.h5")
    assert pipelines.instance_info("mine")["stream_address"] == made.stream


def test_info_has_the_shape_that_clients_know(pipelines: Pipelines, folder: Path) -> None:
    pipelines.create(small(camera_name="cam1"), "mine")
    order(folder, "cam1", "trouble Bad background image size")
    wait_for(lambda: pipelines.instance_info("mine")["status"] == "Bad background image size", "its trouble")
    info = pipelines.instance_info("mine")
    assert list(info)[:8] == [
        "stream_address",
        "is_stream_active",
        "camera_name",
        "config",
        "instance_id",
        "read_only",
        "last_start_time",
        "statistics",
    ]
    assert (info["camera_name"], info["instance_id"], info["is_stream_active"]) == ("cam1", "mine", True)
    assert info["last_start_time"].endswith(" UTC+0000") and info["kernel"] == "numpy"
    assert {"total_bytes", "clients", "throughput", "rx", "tx", "pid", "lost"} <= info["statistics"].keys()
    server = pipelines.info()
    assert list(server)[:2] == ["version", "active_instances"]
    assert {"cpu", "memory", "tx", "rx"} <= server.keys()
    assert server["active_instances"]["mine"]["config"] == info["config"]
    flat = pipelines.heartbeat()["instances"]["mine"]
    assert isinstance(flat["rx"], float) and isinstance(flat["tx"], float) and "forwards" in flat
    assert flat["instance_id"] == "mine" and "config" not in flat


def test_saving_and_deleting_do_not_touch_what_runs(pipelines: Pipelines) -> None:
    pipelines.save("laser", small(image_threshold=1))
    address, pid = pipelines.stream("laser"), pid_of(pipelines, "laser")
    pipelines.save("laser", small(image_threshold=2))
    assert pipelines.instance_config("laser")["image_threshold"] == 1
    pipelines.rename("laser", "maser")
    pipelines.delete("maser")
    assert "maser" not in pipelines.names()
    assert (pipelines.stream("laser"), pid_of(pipelines, "laser")) == (address, pid)
    with pytest.raises(UnknownNameError, match=r"Config 'maser' does not exist\."):
        pipelines.delete("maser")
    with pytest.raises(UnknownNameError, match=r"Pipeline 'maser' does not exist\."):
        pipelines.config("maser")


def test_groups_and_what_is_wrong_with_files(pipelines: Pipelines, folder: Path) -> None:
    pipelines.save("laser", small(group=["light"]))
    (folder / "pipelines" / "bad.json").write_text("{")
    assert pipelines.groups() == {"light": ["laser"]}
    found = pipelines.everything()
    assert isinstance(found["laser"], dict) and isinstance(found["bad"], ImagingError)
    with pytest.raises(ImagingError, match="is no JSON"):
        pipelines.stream("bad")


def test_stopping_all(pipelines: Pipelines) -> None:
    names = [pipelines.create(small()).id for _ in range(3)]
    pids = [pid_of(pipelines, name) for name in names]
    pipelines.stop_all()
    assert not any(map(is_alive, pids))
    assert not pipelines.info()["active_instances"]


def test_nothing_is_left_of_instances_that_are_over(pipelines: Pipelines) -> None:
    for _ in range(3):
        pipelines.stop(pipelines.create(small()).id)
    wait_for(lambda: not pipelines._instances._slots.everything(), "the slots to be given back")
    assert not pipelines._roster._table.everything()


def test_logs_of_instances_stay(pipelines: Pipelines) -> None:
    logger_of("pipeline", "mine").error("Something happened")
    logging.getLogger("pyca.pipeline").error("Something else")
    assert [one[3] for one in pipelines.instance_logs("mine")] == ["Something happened"]
    assert {"Something happened", "Something else"} <= {one[3] for one in pipelines.logs()}
    pipelines.remove("mine")
    assert not pipelines.instance_logs("mine")


def test_cameras_are_asked_from_the_camera_server(pipelines: Pipelines, camera_server: CameraServer) -> None:
    camera_server.streams["one"] = "tcp://127.0.0.1:1"
    assert pipelines.cameras() == ["one"]
    assert camera_server.tokens[-1] == "Bearer secret"


def test_many_who_want_the_same_at_once_get_one(pipelines: Pipelines) -> None:
    pipelines.save("laser", small())
    start = threading.Barrier(8)

    def ask(_: int) -> str:
        start.wait()
        return pipelines.stream("laser")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_the_camera_server_is_away(tmp_path: Path) -> None:
    with running_pipelines(settings_in(tmp_path)) as pipelines:
        for ask in (pipelines.cameras, lambda: pipelines.collect("one")):
            with pytest.raises(MachineError) as caught:
                ask()
            assert caught.value.message.startswith("The camera server cannot be asked: ")
            assert "[pipeline] cameras" in caught.value.remedy
        assert pipelines.backgrounds("one") == []


def test_functions_are_not_to_blame_where_the_parent_of_all_processes_is_killed(pipelines: Pipelines) -> None:
    pipelines.create(small(function="own"), "mine")
    stream = pipelines.stream("mine")
    before = pid_of(pipelines, "mine")
    os.kill(psutil.Process(before).ppid(), signal.SIGKILL)
    wait_for(lambda: pid_again(pipelines, "mine") not in (0, before), "another process")
    assert pipelines.stream("mine") == stream
    assert not is_alive(before)
