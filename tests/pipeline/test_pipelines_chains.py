"""Pipelines that read from pipelines or write to them, and those that always run. Processes are stand-ins."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from pyca.core.errors import ImagingError, OfflineError, UnknownNameError
from pyca.pipeline.control.permanent import Permanent, parsed
from pyca.pipeline.pipelines import Pipelines
from tests.camera_doubles import is_alive
from tests.pipeline.test_pipelines_instances import ended, pid_again, pid_of, small
from tests.pipeline_doubles import order
from tests.tools import wait_for

PERMANENT = "permanent_instances.json"


def reading(name: str, **more: Any) -> dict[str, Any]:
    return {"input_pipeline": name, "no_client_timeout": 0, **more}


def active(pipelines: Pipelines) -> set[str]:
    return set(pipelines.info()["active_instances"])


def permanent(folder: Path, wanted: Any) -> None:
    new = folder / "pipelines" / ".new"
    new.write_text(wanted if isinstance(wanted, str) else json.dumps(wanted))
    new.replace(folder / "pipelines" / PERMANENT)


def test_what_a_pipeline_reads_from_is_started(pipelines: Pipelines) -> None:
    pipelines.save("first", small())
    pipelines.save("second", reading("first"))
    made = pipelines.create(reading("second"), "third")
    assert active(pipelines) == {"first", "second", "third"}
    assert made.config["input_stream"] == pipelines.stream("second")
    assert pipelines.instance_config("second")["input_stream"] == pipelines.stream("first")
    assert pipelines.instance_info("first")["read_only"] is True
    assert pipelines.config("second")["input_stream"] is None


def test_a_private_instance_can_be_read_from(pipelines: Pipelines) -> None:
    address = pipelines.create(small(), "mine").stream
    assert pipelines.create(reading("mine"), "reader").config["input_stream"] == address


def test_a_chain_can_be_changed_like_any_other(pipelines: Pipelines) -> None:
    pipelines.save("first", small())
    before = pipelines.create(reading("first"), "reader").config
    after = pipelines.change("reader", {"image_threshold": 4})
    assert after == {**before, "image_threshold": 4}


def test_equal_chains_are_shared(pipelines: Pipelines) -> None:
    pipelines.save("first", small())
    assert pipelines.shared(reading("first")).id == pipelines.shared(reading("first")).id


def test_workers_send_to_the_input_of_what_gathers_them(pipelines: Pipelines) -> None:
    pipelines.save("out", small(pipeline_type="fanout"))
    pipelines.save("in", {"pipeline_type": "fanin", "no_client_timeout": 0})
    workers = [
        pipelines.create(reading("out", input_mode="PULL", output_pipeline="in"), name) for name in ("a", "b")
    ]
    gathering = pipelines.instance_info("in")["input"]
    assert gathering.startswith("ipc:///nowhere/")
    assert {worker.stream for worker in workers} == {gathering}
    assert {worker.config["output_stream"] for worker in workers} == {gathering}
    assert {worker.config["input_stream"] for worker in workers} == {pipelines.stream("out")}


def test_only_what_gathers_takes_something_from_others(pipelines: Pipelines) -> None:
    pipelines.save("first", small())
    with pytest.raises(ImagingError, match="it takes nothing from others") as caught:
        pipelines.create(small(output_pipeline="first"), "mine")
    assert "fanin" in caught.value.remedy
    with pytest.raises(UnknownNameError):
        pipelines.instance_info("mine")


def test_nothing_is_read_from_a_file(pipelines: Pipelines) -> None:
    pipelines.save("file", small(mode="FILE", file="a.h5"))
    with pytest.raises(ImagingError, match="it has no stream of its own"):
        pipelines.create(reading("file"), "mine")


def test_a_circle_is_told_before_anything_is_started(pipelines: Pipelines) -> None:
    for name, source in (("one", "two"), ("two", "three"), ("three", "one")):
        pipelines.save(name, reading(source))
    with pytest.raises(ImagingError) as caught:
        pipelines.stream("one")
    assert caught.value.message == "Pipelines cannot form a circle: 'one' → 'two' → 'three' → 'one'."
    with pytest.raises(ImagingError, match="'two' → 'three' → 'one' → 'two'"):
        pipelines.create(reading("two"), "mine")
    assert not active(pipelines)


def test_a_chain_is_not_endless(pipelines: Pipelines) -> None:
    pipelines.save("p0", small())
    for number in range(1, 18):
        pipelines.save(f"p{number}", reading(f"p{number - 1}"))
    with pytest.raises(ImagingError, match="More than 16 pipelines read from each other"):
        pipelines.stream("p17")
    assert not active(pipelines)


def test_a_chain_names_what_is_not_there(pipelines: Pipelines) -> None:
    with pytest.raises(UnknownNameError) as caught:
        pipelines.create(reading("nothing"), "mine")
    assert "Pipeline 'nothing', which 'mine' names, cannot be used" in caught.value.message


def test_a_chain_whose_begin_cannot_start_is_not_there(pipelines: Pipelines, folder: Path) -> None:
    order(folder, "far", "offline")
    pipelines.save("first", small(camera_name="far"))
    with pytest.raises(OfflineError, match=r"Camera far is not online\. Cannot start pipeline\."):
        pipelines.create(reading("first"), "mine")
    assert not active(pipelines)


def test_what_another_one_needs_is_started_again(pipelines: Pipelines) -> None:
    pipelines.save("first", small())
    pipelines.create(reading("first"), "reader")
    pipelines.save("first", small(image_threshold=9))
    pipelines.stop("first")
    wait_for(lambda: "first" in active(pipelines), "the first one")
    assert pipelines.instance_config("first")["image_threshold"] == 9
    wait_for(
        lambda: pipelines.instance_config("reader")["input_stream"] == pipelines.stream("first"),
        "the reader to know where it is",
    )


def test_who_gathers_is_found_again_after_a_crash(pipelines: Pipelines) -> None:
    pipelines.save("in", {"pipeline_type": "fanin", "no_client_timeout": 0})
    before = pipelines.create(small(output_pipeline="in"), "worker").stream
    os.kill(pid_of(pipelines, "in"), signal.SIGKILL)
    wait_for(lambda: "in" in active(pipelines) and _input(pipelines) not in ("", before), "the next process")
    wait_for(lambda: _stream(pipelines, "worker") == _input(pipelines), "the worker to know where it is")


def test_who_sends_to_what_has_ended_by_itself_ends_too(pipelines: Pipelines, folder: Path) -> None:
    pipelines.save("in", {"pipeline_type": "fanin", "no_client_timeout": 0})
    pipelines.save("worker", small(output_pipeline="in"))
    pipelines.stream("worker")
    pipelines.create(small(output_pipeline="in", no_client_timeout=0), "mine")
    order(folder, "in", "over 0 Nobody has listened")
    wait_for(lambda: not active(pipelines), "the end of all")
    order(folder, "in", "")
    for name in ("worker", "mine"):
        assert ended(pipelines, name) == 0
        assert "pipeline 'in', which it sends to, has ended" in pipelines._roster.unknown(name).remedy
    pipelines.stream("worker")
    assert active(pipelines) == {"worker", "in"}


def _input(pipelines: Pipelines) -> str:
    found = pipelines.info()["active_instances"].get("in")
    return str(found["input"]) if found else ""


def _stream(pipelines: Pipelines, name: str) -> str:
    found = pipelines.info()["active_instances"].get(name)
    return str(found["stream_address"]) if found else ""


def test_stopping_all_stops_chains_too(pipelines: Pipelines) -> None:
    pipelines.save("first", small())
    for name in ("a", "b", "c"):
        pipelines.create(reading("first"), name)
    pipelines.stop_all()
    assert not active(pipelines)


def test_permanent_instances_run_by_themselves(pipelines: Pipelines, folder: Path) -> None:
    pipelines.save("laser", small(no_client_timeout=0.01))
    permanent(folder, {"laser": None})
    wait_for(lambda: "laser" in active(pipelines), "the permanent instance")
    info = pipelines.instance_info("laser")
    assert (info["permanent"], info["read_only"]) == (True, True)
    assert info["config"]["no_client_timeout"] == 0.01
    assert pipelines._roster.find("laser")[0].configuration.no_client_timeout == 0
    pid = pid_of(pipelines, "laser")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pid_again(pipelines, "laser") not in (0, pid), "its next process")


def test_a_permanent_instance_that_has_ended_is_started_again(pipelines: Pipelines, folder: Path) -> None:
    pipelines.save("laser", small(camera_name="fickle"))
    permanent(folder, {"laser": "laser_1"})
    wait_for(lambda: "laser_1" in active(pipelines), "the permanent instance")
    pid = pid_of(pipelines, "laser_1")
    order(folder, "fickle", "over 0 All is done")
    wait_for(lambda: not is_alive(pid), "its end")
    order(folder, "fickle", "")
    wait_for(lambda: pid_again(pipelines, "laser_1") not in (0, pid), "its next process")
    pid = pid_of(pipelines, "laser_1")
    pipelines.stop("laser_1")
    wait_for(lambda: pid_again(pipelines, "laser_1") not in (0, pid), "its next process")


def test_a_change_of_a_permanent_instance_is_kept(pipelines: Pipelines, folder: Path) -> None:
    pipelines.save("laser", small(image_threshold=1))
    permanent(folder, {"laser": "laser_1"})
    wait_for(lambda: "laser_1" in active(pipelines), "the permanent instance")
    pipelines.change("laser_1", {"image_threshold": 5})
    saved = pipelines.config("laser")
    assert (saved["name"], saved["image_threshold"], saved["no_client_timeout"]) == ("laser", 5, 0)
    pipelines.create_named("laser", "mine")
    pipelines.change("mine", {"image_threshold": 6})
    assert pipelines.config("laser")["image_threshold"] == 5


def test_an_instance_becomes_permanent_and_is_so_no_more(pipelines: Pipelines, folder: Path) -> None:
    pipelines.save("laser", small(no_client_timeout=600))
    pipelines.stream("laser")
    running = pipelines._roster.find("laser")[0]
    permanent(folder, {"laser": ""})
    wait_for(lambda: running.configuration.no_client_timeout == 0, "it to be permanent")
    permanent(folder, {})
    wait_for(lambda: running.configuration.no_client_timeout == 600, "it to be as others")
    assert pipelines.instance_info("laser")["permanent"] is False
    pipelines.stop("laser")
    assert ended(pipelines, "laser") == 0


def test_a_wrong_file_of_permanent_instances_is_told_once(
    pipelines: Pipelines, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipelines.save("laser", small())
    permanent(folder, {"laser": "laser"})
    wait_for(lambda: "laser" in active(pipelines), "the permanent instance")
    pid = pid_of(pipelines, "laser")
    permanent(folder, "{")
    wait_for(lambda: "Permanent instances stay as they are" in caplog.text, "a word")
    permanent(folder, {"laser": "laser", "none": "none"})
    words = "Permanent instance none: Instance 'none' is not present on server"
    wait_for(lambda: words in caplog.text, "a word about the other")
    assert pid_of(pipelines, "laser") == pid
    assert caplog.text.count("Permanent instances stay as they are") == 1


def test_what_a_file_of_permanent_instances_says(tmp_path: Path) -> None:
    assert parsed({"a": None, "b": "c", "d": ["e", "f"]}) == {"a": "a", "c": "b", "e": "d", "f": "d"}
    for wrong in ([], {"a": "../b"}, {"a": "c", "b": "c"}, {"a": 3}, {"a": [None]}, {"": "a"}):
        with pytest.raises(ImagingError, match="permanent_instances"):
            parsed(wrong)
    assert not Permanent(tmp_path).wanted()


def test_a_chain_can_begin_at_a_permanent_instance(pipelines: Pipelines, folder: Path) -> None:
    pipelines.save("laser", small())
    permanent(folder, {"laser": "laser_1"})
    assert pipelines.create(reading("laser_1"), "mine").config["input_stream"] == pipelines.stream("laser_1")
    assert pipelines.instance_info("laser_1")["permanent"] is True
