import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.core.errors import BusyError, ConfigError, ImagingError, OfflineError, PycaError, SourceError
from pyca.instances import logs
from pyca.instances.desk import Desk
from pyca.instances.faults import described, restored
from pyca.instances.keeper import Keeper
from pyca.instances.logs import InstanceLogs, Kept, ToServer, from_instance, logger_of
from pyca.runtime.channel import Channel
from tests.camera_doubles import obedient_kind, running_cameras, settings_in
from tests.tools import wait_for


@pytest.fixture
def instance_logs() -> Iterator[InstanceLogs]:
    made = InstanceLogs("camera")
    yield made
    made.close()


def record(level: int, text: str) -> logging.LogRecord:
    return logging.LogRecord("pyca.one", level, "file", 1, text, (), None)


def test_the_newest_messages_are_kept() -> None:
    kept = Kept(2)
    for number in range(4):
        kept.handle(record(logging.INFO, f"message {number}"))
    lines = kept.lines()
    assert [line[1:] for line in lines] == [["pyca.one", "INFO", f"message {n}"] for n in (2, 3)]
    assert len(lines[0][0]) >= len("YYYY-mm-dd HH:MM:SS")


def test_messages_come_from_another_process(
    instance_logs: InstanceLogs, caplog: pytest.LogCaptureFixture
) -> None:
    ours, theirs = Channel.pair()
    handler = ToServer(theirs)
    try:
        raise ValueError("a mistake")
    except ValueError:
        handler.handle(
            logging.LogRecord("x", logging.ERROR, "file", 1, "It failed: %s", ("here",), sys.exc_info())
        )
    found = ours.receive(60)
    assert found is not None
    from_instance("camera", "one", found[0])
    assert caplog.records[0].levelno == logging.ERROR
    assert "one" in caplog.records[0].name
    text = instance_logs.lines("one")[0][3]
    assert text.startswith("It failed: here") and "ValueError: a mistake" in text
    ours.close()
    # Nobody is there any more.
    handler.handle(record(logging.INFO, "lost"))
    theirs.close()


def test_logs_of_instances_are_bounded(instance_logs: InstanceLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_MOST_INSTANCES", 2)
    for name in ("one", "two", "one", "three.four"):
        logger_of("camera", name).error("of %s", name)
    assert [len(instance_logs.lines(name)) for name in ("one", "two", "three.four")] == [2, 0, 1]
    instance_logs.forget("one")
    assert instance_logs.lines("one") == []


@pytest.mark.parametrize(
    "error",
    [OfflineError("a", "b"), SourceError("a"), BusyError("a"), ImagingError("a"), ConfigError(["a"])],
)
def test_errors_survive_the_way(error: PycaError) -> None:
    found = restored(described(error))
    assert str(found) == str(error)
    expected = ImagingError if isinstance(error, ConfigError) else type(error)
    assert type(found) is expected


def test_the_keeper_goes_on_after_a_mistake(caplog: pytest.LogCaptureFixture) -> None:
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        raise ValueError("a mistake")

    keeper = Keeper(look)
    keeper.start()
    wait_for(lambda: len(looks) > 0, "the first look")
    seen = len(looks)
    keeper.call()
    wait_for(lambda: len(looks) > seen, "another look")
    keeper.close()
    assert "could not be looked after" in caplog.text


@pytest.mark.parametrize("mistake", [KeyError, AttributeError])
def test_what_nobody_understands_is_logged(
    caplog: pytest.LogCaptureFixture, mistake: type[Exception]
) -> None:
    desk, ended = Desk(), []
    desk.start()
    ours, theirs = Channel.pair()

    def hear(message: dict[str, object], _files: list[int]) -> None:
        raise mistake(message["word"])

    desk.add(ours, hear, lambda: ended.append(1))
    theirs.send({"word": "strange"})
    wait_for(lambda: "nobody understands" in caplog.text, "the message")
    assert not ended
    theirs.close()
    wait_for(lambda: ended, "the end")
    assert ours.fileno() == -1
    desk.close()


def test_a_probe_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    obedient_kind(monkeypatch)
    order = tmp_path / "order"
    order.write_text("raises")
    with running_cameras(settings_in(tmp_path)) as cameras:
        cameras.save("one", {"source": str(order), "source_type": "obedient"})
        with pytest.raises(ImagingError, match="ended without an answer"):
            cameras.snapshot("one")
        assert "a mistake of ours" in str(cameras.instance_logs("one"))
        assert cameras.online("one") == (True, "")
