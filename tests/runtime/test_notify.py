import os
import socket

import pytest

from pyca.runtime.notify import Notifier


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """A stand-in for systemd's end of the socket; returns what was said."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)

        def heard() -> list[str]:
            messages = []
            while True:
                try:
                    messages.append(receiver.recv(4096).decode("utf-8"))
                except BlockingIOError:
                    return messages

        yield heard


@pytest.fixture
def notifier(systemd, fake_clock, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    notifier = Notifier(clock=fake_clock)
    yield notifier
    notifier.close()


def test_the_life_of_a_service(systemd, notifier):
    notifier.ready()
    notifier.status("recording “Analysis”\nuntil 12:00")
    notifier.stopping()
    assert systemd() == ["READY=1", "STATUS=recording “Analysis” until 12:00", "STOPPING=1"]


def test_an_unchanged_status_is_said_once(systemd, notifier):
    notifier.status("idle")
    notifier.status("idle")
    assert systemd() == ["STATUS=idle"]


def test_who_does_not_listen_holds_nobody_up_and_is_told_later(systemd, notifier):
    for number in range(1000):
        notifier.status(f"number {number}")
    notifier.watchdog()
    notifier.stopping()
    assert 0 < len(systemd()) < 1000
    notifier.status("number 999")
    notifier.watchdog()
    assert systemd() == ["STATUS=number 999", "WATCHDOG=1"]


def test_the_watchdog_is_fed_four_times_a_period(systemd, notifier, fake_clock):
    for _ in range(600):
        notifier.watchdog()
        fake_clock.time += 0.1
    assert systemd() == ["WATCHDOG=1"] * 4


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "1", "WATCHDOG_PID": str(os.getppid())},
    ],
)
def test_no_watchdog_without_one_for_us(systemd, fake_clock, monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    notifier = Notifier(clock=fake_clock)
    notifier.watchdog()
    notifier.close()
    assert systemd() == []


def test_without_systemd_nothing_happens(fake_clock):
    notifier = Notifier(clock=fake_clock)
    notifier.ready()
    notifier.status("x")
    notifier.watchdog()
    notifier.stopping()
    notifier.close()
