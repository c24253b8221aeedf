"""mDNS: what is announced, and that an independent browser on another machine sees it come and go.

Two network namespaces with a cable between them are the two machines, so that nothing leaves this one.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pyca.config.settings import Settings
from pyca.core.errors import UsageError
from pyca.store.database import Database
from pyca.ui.livebox.announce import LONGEST_FACT, Announcer, Box, cut, label, service
from pyca.ui.livebox.server import LiveServer
from tests.tools import FakeClock, wait_for
from tests.ui_people import add_account

ROOT = Path(__file__).parents[2]
BOX = Box("rpi2.nw1", "b8:27:eb:12:34:56", 8000, (("path", "/api/livebox/v1"),))
TOOLS = ("avahi-daemon", "avahi-browse", "dbus-daemon", "ip", "nsenter", "unshare")
PROGRAM = """
import sys
from pathlib import Path
from pyca.config.settings import Agent, Live, Settings, Ui
from pyca.core.clock import SystemClock
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from pyca.ui.livebox.server import LiveServer
settings = Settings(
    agent=Agent(name="hall-1", database=f"sqlite:///{sys.argv[1]}"),
    live=Live(bind=sys.argv[2], port=8000, mdns=True, name="rpi2.nw1"),
    ui=Ui(password="a secret of ours"),
)
database = Database(settings.agent.database)
ensure(database)
server = LiveServer(settings, database, SystemClock())
server.start()
sys.stdin.read()
server.close()
"""
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/><allow send_type="method_call"/></policy></busconfig>
"""


def test_what_is_announced() -> None:
    told = service(BOX, "_livebox._tcp.local.", ["192.0.2.1", "2001:db8::1"])
    assert (told.name, told.port) == ("rpi2-nw1._livebox._tcp.local.", 8000)
    assert told.server == "livebox-b827eb123456.local."
    assert told.properties == {b"path": b"/api/livebox/v1"}
    assert told.parsed_addresses() == ["192.0.2.1", "2001:db8::1"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a.b", "a-b"), ("Hörsaal 1", "Hörsaal 1"), ("ä" * 40, "ä" * 25), ("", "livebox"), ("\0\n", "livebox")],
)
def test_names(name: str, shown: str) -> None:
    assert label(name) == shown


def test_without_the_library(
    settings: Settings, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="zeroconf") as caught:
        Announcer(BOX, list)
    assert "pyca[mdns]" in caught.value.remedy
    # The port is free again where the interface does not start, and loopback needs no library.
    add_account(database)
    for bind in ("0.0.0.0", "0.0.0.0", "localhost"):
        live = replace(settings.live, bind=bind, port=0, mdns=True)
        server = LiveServer(replace(settings, live=live), database, clock)
        if bind == "localhost":
            server.start()
            server.close()
        else:
            with pytest.raises(UsageError, match="zeroconf"):
                server.start()


def test_without_a_network(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr("zeroconf.Zeroconf", refuse)
    looked: list[int] = []

    def somewhere() -> list[str]:
        looked.append(1)
        return ["192.0.2.77"]

    announcer = Announcer(BOX, somewhere, period=0.001)
    announcer.start()
    wait_for(lambda: len(looked) > 3, "some more looks")
    announcer.close()
    assert caplog.text.count("it is tried again") == 1


def test_what_fails_unforeseen_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> list[str]:
        raise RuntimeError("nobody thought of this")

    announcer = Announcer(BOX, fail, period=0.001)
    announcer.start()
    wait_for(lambda: "nobody thought of this" in caplog.text, "the failure in the log")
    announcer.close()
    assert "nothing is announced any more" in caplog.text


def test_a_long_name_is_cut_to_whole_letters() -> None:
    assert cut("ä" * 300, 201) == "ä" * 100
    told = replace(BOX, facts=(("name", cut("ä" * 300, LONGEST_FACT)),))
    made = service(told, "_livebox._tcp.local.", ["192.0.2.1"])
    assert len(made.text) < 255


class Voice:
    """Stands in for the library: notes what it is told."""

    def __init__(self, said: list[str], interfaces: list[str], **_: object) -> None:
        self._said = said
        self._said.append(f"open {interfaces}")

    def register_service(self, told: Any, **_: object) -> None:
        self._said.append(f"{told.name} {told.parsed_addresses()}")

    def unregister_all_services(self) -> None:
        self._said.append("goodbye")

    def close(self) -> None:
        self._said.append("close")


def test_other_addresses_are_announced_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("zeroconf.Zeroconf", partial(Voice, said))
    present = [["192.0.2.1"], ["192.0.2.1"], [], ["192.0.2.2"]]
    announcer = Announcer(BOX, lambda: present.pop(0) if len(present) > 1 else present[0], period=0.001)
    announcer.start()
    wait_for(lambda: len(said) >= 8, "the second announcement")
    announcer.close()
    names = [f"rpi2-nw1.{kind}" for kind in ("_livebox._tcp.local.", "_http._tcp.local.")]
    first, second = (
        [f"open {addresses}", *(f"{name} {addresses}" for name in names), "goodbye", "close"]
        for addresses in (["192.0.2.1"], ["192.0.2.2"])
    )
    assert said == first + second


@dataclass(frozen=True)
class Machine:
    """A network namespace, with a place for sockets of its own."""

    holder: subprocess.Popen[bytes]
    run: Callable[..., subprocess.Popen[bytes]]

    def argv(self, *words: str) -> list[str]:
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", *words]

    def call(self, *words: str, **more: object) -> str:
        done = subprocess.run(
            self.argv(*words), capture_output=True, text=True, timeout=30, check=True, **more  # type: ignore[call-overload]
        )  # fmt: skip
        return str(done.stdout)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """Two machines with a cable between them."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if (
        missing
        or subprocess.run(["unshare", "-n", "-m", "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip(f"needs {', '.join(missing) or 'the right to make network namespaces'}")
    with ExitStack() as stack:

        def run(argv: list[str], **more: object) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(argv, stdin=subprocess.PIPE, **more)  # type: ignore[call-overload]
            stack.callback(end, process)
            return process  # type: ignore[no-any-return]

        alone = ["unshare", "-n", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run && echo && exec sleep 120"]
        made = tuple(Machine(run(alone, stdout=subprocess.PIPE), run) for _ in range(2))
        for one in made:
            assert one.holder.stdout is not None
            one.holder.stdout.readline()
        first, second = made
        second_pid = str(second.holder.pid)
        first.call("ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", second_pid)
        for number, one in enumerate(made, start=1):
            one.call("ip", "addr", "add", f"192.0.2.{number}/24", "dev", "cable")
            one.call("ip", "link", "set", "cable", "up")
            one.call("ip", "link", "set", "lo", "up")
        yield first, second


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.communicate(timeout=20)


@pytest.fixture
def browse(machines: tuple[Machine, Machine], tmp_path: Path) -> Callable[[str], list[list[str]]]:
    """Start Avahi on the second machine; return how to ask it what it sees."""
    _, second = machines
    (tmp_path / "bus.conf").write_text(BUS.format(folder=tmp_path))
    (tmp_path / "avahi.conf").write_text("[server]\nuse-ipv6=no\n[publish]\ndisable-publishing=yes\n")
    environ = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/bus"}
    (tmp_path / "log").touch()
    log = (tmp_path / "log").open("ab")
    quiet = {"stdout": log, "stderr": log}
    second.run(
        second.argv("dbus-daemon", f"--config-file={tmp_path}/bus.conf", "--nofork", "--nopidfile"), **quiet
    )
    wait_for((tmp_path / "bus").exists, "the bus")
    second.call("mkdir", "-p", "/run/avahi-daemon")
    avahi = ["avahi-daemon", "-f", f"{tmp_path}/avahi.conf", "--no-drop-root", "--no-chroot", "--no-rlimits"]
    second.run(second.argv(*avahi), env=environ, **quiet)
    log.close()
    wait_for(lambda: "startup complete" in (tmp_path / "log").read_text(), "Avahi")

    def seen(kind: str) -> list[list[str]]:
        lines = second.call("avahi-browse", "-rpc", kind, env=environ).splitlines()
        return sorted(line.split(";") for line in lines if line.startswith("="))

    return seen


@pytest.mark.system
def test_an_independent_browser_sees_it_come_and_go(
    machines: tuple[Machine, Machine], browse: Callable[[str], list[list[str]]], tmp_path: Path
) -> None:
    environ = os.environ | {"PYTHONPATH": str(ROOT)}

    def start(machine: Machine, name: str, bind: str) -> subprocess.Popen[bytes]:
        argv = machine.argv(sys.executable, "-c", PROGRAM, f"{tmp_path}/{name}.db", bind)
        return machine.run(argv, env=environ, cwd=ROOT)

    def names(kind: str = "_livebox._tcp") -> list[str]:
        return [one[3] for one in browse(kind)]

    first, second = machines
    # One on loopback is no business of the network.
    box, hidden = start(first, "box", "cable"), start(first, "hidden", "lo")
    ((_, card, _, name, kind, domain, host, address, port, facts),) = wait_for(
        lambda: browse("_livebox._tcp"), "the announcement"
    )
    assert (card, name, kind, domain) == ("cable", "rpi2-nw1", "_livebox._tcp", "local")
    assert (address, port) == ("192.0.2.1", "8000") and host.startswith("livebox-")
    assert '"product=com.youtube.livebox"' in facts and '"path=/api/livebox/v1"' in facts
    assert '"version=1.0"' in facts and '"id=' in facts
    wait_for(lambda: names("_http._tcp") == ["rpi2-nw1"], "the announcement as a web server")
    # Another one of the same name gets a name of its own.
    other = start(second, "other", "cable")
    wait_for(lambda: names() == ["rpi2-nw1", "rpi2-nw1-2"], "the other one")
    end_politely(other)
    wait_for(lambda: names() == ["rpi2-nw1"], "the goodbye of the other one")
    end_politely(hidden, box)
    wait_for(lambda: not names() and not names("_http._tcp"), "the goodbye")


def end_politely(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    assert [process.wait(60) for process in processes] == [0] * len(processes)
