import logging
import os
import signal
import socket
import time

import pytest

from pyca.core.errors import PycaError, StoreError
from pyca.core.states import ServiceName, ServiceState
from pyca.runtime import loop
from pyca.runtime.bell import Bell, ring
from pyca.runtime.loop import run
from pyca.runtime.pulse import Pulse

FAR = 1e12


class Notes:
    """A notifier that writes down what it is told."""

    period = None

    def __init__(self):
        self.said = []

    def ready(self):
        self.said.append("ready")

    def status(self, text):
        self.said.append(text)

    def watchdog(self):
        self.said.append("watchdog")

    def stopping(self):
        self.said.append("stopping")


class Scripted:
    """A service whose ticks are given: moments to return, errors to raise, functions to call."""

    name = ServiceName.CAPTURE

    def __init__(self, *ticks, wakers=()):
        self.ticks = list(ticks)
        self.ticked_at = []
        self.wakers = wakers
        self.is_busy = False
        self.closed = 0

    def tick(self):
        self.ticked_at.append(time.time())
        step = self.ticks.pop(0) if self.ticks else terminate
        if isinstance(step, Exception):
            raise step
        return step() if callable(step) else step

    def close(self):
        self.closed += 1

    def files(self):
        return self.wakers

    def busy(self):
        return self.is_busy

    def status(self):
        return "waiting"


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)
    return FAR


@pytest.fixture
def scope(tmp_path):
    return str(tmp_path)


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def beats():
    return []


@pytest.fixture
def pulse(clock, notes, beats):
    return Pulse(clock=clock, notifier=notes, beat=lambda state, text: beats.append((state, text)))


@pytest.fixture
def drive(clock, scope, pulse):
    """Run a service to its end with a real bell."""

    def drive_(service, reload=lambda: None, *, at_once=False):
        bell = Bell(scope, "capture")
        try:
            run(service, clock=clock, bell=bell, pulse=pulse, reload=reload, at_once=at_once)
        finally:
            bell.close()

    return drive_


@pytest.fixture(autouse=True)
def fast_retry(monkeypatch):
    monkeypatch.setattr(loop, "RETRY", loop.Backoff(first=0.01, limit=0.01))


def test_sigterm_ends_cleanly_and_handlers_are_restored(drive, notes, beats):
    before = signal.getsignal(signal.SIGTERM), signal.set_wakeup_fd(-1)
    service = Scripted(0.0, terminate)
    drive(service)
    assert service.closed == 1
    assert len(service.ticked_at) == 2
    assert notes.said[0] == "ready"
    assert notes.said.count("ready") == 1
    assert "stopping" in notes.said
    assert [state for state, _ in beats] == [ServiceState.IDLE, ServiceState.BUSY, ServiceState.STOPPED]
    assert (signal.getsignal(signal.SIGTERM), signal.set_wakeup_fd(-1)) == before


def test_the_next_tick_is_never_early(drive):
    moments = []

    def soon():
        moments.append(time.time() + 0.05)
        return moments[-1]

    service = Scripted(*[soon] * 5, terminate)
    drive(service)
    assert all(at >= moment for moment, at in zip(moments, service.ticked_at[1:], strict=True))


def test_the_bell_wakes_a_sleeping_service(drive, scope):
    def ring_and_sleep():
        ring(scope, "capture")
        return FAR

    drive(Scripted(ring_and_sleep, terminate))


def test_a_ring_during_a_tick_is_not_lost_and_not_counted_twice(drive, scope):
    service = Scripted(lambda: (ring(scope, "capture"), ring(scope, "capture"), FAR)[2], terminate)
    drive(service)
    assert len(service.ticked_at) == 2


def test_the_services_own_files_wake_it(drive):
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.send(b"x")
        drive(Scripted(FAR, terminate, wakers=[reader]))


def test_a_failing_tick_is_tried_again(drive, notes, beats, caplog):
    service = Scripted(StoreError("the database is locked"), ValueError("a bug"), 0.0, terminate)
    drive(service)
    assert len(service.ticked_at) == 4
    assert (ServiceState.ERROR, "the database is locked") in beats
    locked, bug = caplog.records
    assert not locked.exc_info, "what is an operator's matter comes without a traceback"
    assert bug.exc_info
    assert notes.said.index("watchdog") > notes.said.index("ready"), "no sign of life while nothing works"


def test_while_work_would_be_lost_the_watchdog_is_fed_in_trouble_too(drive, notes):
    service = Scripted(StoreError("locked"), terminate)
    service.is_busy = True
    drive(service)
    assert notes.said.index("watchdog") < notes.said.index("ready")


def hang_up(then=FAR):
    def tick():
        os.kill(os.getpid(), signal.SIGHUP)
        return then

    return tick


def test_sighup_brings_the_next_service(drive):
    old, new = Scripted(hang_up()), Scripted()
    drive(old, reload=lambda: new)
    assert (old.closed, new.closed) == (1, 1)
    assert len(new.ticked_at) == 1


def test_a_busy_service_is_reloaded_later(drive):
    old, new = Scripted(), Scripted()

    def rest():
        old.is_busy = False
        assert not new.ticked_at
        return FAR

    old.is_busy = True
    old.ticks = [hang_up(then=0.0), 0.0, rest]
    drive(old, reload=lambda: new)
    assert not old.ticks
    assert len(new.ticked_at) == 1


def test_a_busy_service_is_reloaded_at_once_where_it_can_follow(drive):
    service, asked = Scripted(hang_up()), []
    service.is_busy = True
    drive(service, reload=lambda: asked.append(service.is_busy), at_once=True)
    assert asked == [True]


@pytest.mark.parametrize("error", [PycaError("line 3 is wrong"), ValueError("a bug"), None])
def test_a_wrong_configuration_changes_nothing(drive, caplog, error):
    service = Scripted(hang_up(), terminate)

    def reload():
        if error:
            raise error
        return None

    drive(service, reload=reload)
    assert len(service.ticked_at) == 2
    assert service.closed == 1
    assert bool(caplog.records) == bool(error)


def test_a_failing_end_is_logged(drive, beats, caplog):
    service = Scripted(terminate)
    service.close = lambda: 1 / 0
    drive(service)
    assert "did not end cleanly" in caplog.text
    assert beats[-1][0] is ServiceState.STOPPED


def test_the_heartbeat_is_repeated_and_may_fail(fake_clock, notes, caplog):
    beats = []

    def beat(state, text):
        beats.append((fake_clock.time, text))
        if len(beats) == 1:
            raise StoreError("locked")

    pulse = Pulse(clock=fake_clock, notifier=notes, beat=beat)
    start = fake_clock.time
    for _ in range(45):
        pulse.progress("uploading")
        fake_clock.time += 1
    assert [at - start for at, _ in beats] == [0, 20, 40]
    assert "heartbeat" in caplog.text
    pulse.show(ServiceState.IDLE, "done")
    assert beats[-1][1] == "done"
    assert caplog.records[0].levelno == logging.ERROR


def test_long_work_learns_that_it_shall_stop(drive, pulse):
    def upload():
        os.kill(os.getpid(), signal.SIGINT)
        while not pulse.stopping:
            pulse.progress()
        return FAR

    service = Scripted(upload)
    drive(service)
    assert service.closed == 1


def test_a_closed_file_of_a_service_does_not_end_the_loop(drive, caplog):
    gone = socket.socket()
    gone.close()
    service = Scripted(FAR, terminate, wakers=[gone])
    drive(service)
    assert len(service.ticked_at) == 2
    assert "next try" in caplog.text
