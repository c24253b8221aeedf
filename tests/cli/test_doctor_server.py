"""What ``pyca doctor`` says about servers of all kinds."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from opencast_server import FakeOpencast, faults

from pyca.cli.doctor import server, timekeeping
from pyca.cli.doctor.finding import Finding
from pyca.config.settings import Agent, Server, Settings
from pyca.core.clock import SystemClock
from tests.cli.conftest import Run

SECONDS = 30.0


@pytest.fixture
def opencast(tmp_path: Path) -> Iterator[FakeOpencast]:
    with FakeOpencast(tmp_path / "opencast") as one:
        yield one


def settings(opencast: FakeOpencast, **more: object) -> Settings:
    given = {"url": opencast.url, "username": "admin", "password": "opencast", **more}
    return Settings(Agent(name="hall", timezone="Europe/Berlin"), server=Server(**given))  # type: ignore[arg-type]


def ask(opencast: FakeOpencast, limit: float = SECONDS, **more: object) -> dict[str, Finding]:
    return {one.name: one for one in server.check(settings(opencast, **more), SystemClock(), limit)}


def states(found: dict[str, Finding]) -> dict[str, str]:
    return {name: str(one.state) for name, one in found.items()}


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_good_server(opencast: FakeOpencast, method: str) -> None:
    found = ask(opencast, auth_method=method)
    names = ["address", "login", "role", "capture.admin", "agent", "scheduler", "ingest"]
    assert states(found) == {name: "warning" if name == "agent" else "ok" for name in names}
    assert "“admin”" in found["login"].text
    assert "not known there yet" in found["agent"].text


def test_nothing_is_changed_there(opencast: FakeOpencast, tmp_path: Path) -> None:
    ask(opencast, cookiefile=tmp_path / "cookies")
    assert {call.method for call in opencast.calls} == {"GET"}
    assert not opencast.agents
    assert not (tmp_path / "cookies").exists()


def test_an_agent_that_is_known(opencast: FakeOpencast) -> None:
    from fake_opencast.world import Agent as Known

    opencast.agents["hall"] = Known("hall", state="idle")
    assert str(ask(opencast)["agent"].state) == "ok"
    backup = settings(opencast)
    backup = dataclasses.replace(backup, agent=dataclasses.replace(backup.agent, name="x", backup_mode=True))
    found = {one.name: one for one in server.check(backup, SystemClock(), SECONDS)}
    assert str(found["agent"].state) == "failed"


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_wrong_password(opencast: FakeOpencast, method: str) -> None:
    found = ask(opencast, auth_method=method, password="wrong")
    assert states(found) == {"address": "ok", "login": "failed"}
    assert "does not accept user name and password" in found["login"].text
    assert "password" in found["login"].remedy


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_user_without_the_role(opencast: FakeOpencast, method: str) -> None:
    opencast.user_roles["admin"] = ["ROLE_USER"]
    found = ask(opencast, auth_method=method)
    assert states(found) == {"address": "ok", "login": "ok", "role": "failed"}
    assert "ROLE_CAPTURE_AGENT" in found["role"].remedy


def test_an_administrator_may_record(opencast: FakeOpencast) -> None:
    opencast.user_roles["admin"] = ["ROLE_ADMIN", "ROLE_USER"]
    found = ask(opencast)
    assert str(found["role"].state) == "ok"
    assert "ROLE_ADMIN" in found["role"].text


def test_a_user_whom_the_server_takes_for_nobody(opencast: FakeOpencast) -> None:
    opencast.faults.add("/services/", faults.body(b'{"services":""}', "application/json"))
    found = ask(opencast, auth_method="digest")
    assert states(found) == {"address": "ok", "login": "failed"}
    assert "nobody" in found["login"].text


@pytest.mark.parametrize(("tls", "words"), [("expired", "has expired"), (True, "is not trusted")])
def test_bad_certificates(tmp_path: Path, tls: bool, words: str) -> None:
    with FakeOpencast(tmp_path, tls=tls) as opencast:
        more = {"certificate": opencast.certificate} if tls == "expired" else {}
        found = ask(opencast, **more)
    assert states(found) == {"address": "failed"}
    assert words in found["address"].text
    assert found["address"].remedy


def test_a_good_certificate(tmp_path: Path) -> None:
    with FakeOpencast(tmp_path, tls=True) as opencast:
        assert str(ask(opencast, certificate=opencast.certificate)["login"].state) == "ok"


def test_a_server_that_is_away(opencast: FakeOpencast) -> None:
    opencast.stop()
    found = ask(opencast)
    opencast.start()
    assert states(found) == {"address": "failed"}
    assert "cannot connect" in found["address"].text


def test_a_server_that_says_nothing(opencast: FakeOpencast) -> None:
    opencast.faults.add("/info/health", faults.hang())
    found = ask(opencast, limit=1.0)
    assert states(found) == {"address": "failed"}
    assert "no answer" in found["address"].text
    assert found["address"].remedy


def test_another_program_at_this_address(opencast: FakeOpencast) -> None:
    opencast.faults.add("/info/health", faults.html())
    found = ask(opencast)
    assert states(found) == {"address": "failed"}
    assert "web page" in found["address"].text


def test_services_that_are_missing_or_elsewhere(opencast: FakeOpencast) -> None:
    from fake_opencast.reading import service

    opencast.services = [
        service("org.opencastproject.capture.admin", opencast.url, "/capture-admin"),
        service("org.opencastproject.ingest", "http://127.0.0.1:1", "/ingest"),
    ]
    found = ask(opencast)
    assert (str(found["scheduler"].state), str(found["ingest"].state)) == ("failed", "failed")
    assert "no org.opencastproject.scheduler" in found["scheduler"].text
    assert "cannot connect" in found["ingest"].text
    assert "[services]" in found["ingest"].remedy


def clock_of(opencast: FakeOpencast) -> Finding:
    found = timekeeping.check(settings(opencast), SystemClock(), {})
    return next(one for one in found if one.name == "server's time")


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (0.0, "ok", "agree"),
        (20.0, "warning", "behind"),
        (-20.0, "warning", "ahead of"),
        (3600.0, "failed", "wrong time"),
    ],
)
def test_clocks_that_differ(opencast: FakeOpencast, ahead: float, state: str, words: str) -> None:
    opencast.ahead = ahead
    found = clock_of(opencast)
    assert (str(found.state), words in found.text) == (state, True), found


def test_no_clock_to_compare_with(opencast: FakeOpencast) -> None:
    opencast.stop()
    assert str(clock_of(opencast).state) == "skipped"
    opencast.start()


@pytest.mark.parametrize(("word", "state"), [("yes", "ok"), ("no", "warning"), ("", "skipped")])
def test_a_time_server(tmp_path: Path, word: str, state: str) -> None:
    program = tmp_path / "timedatectl"
    program.write_text(f"#!/bin/sh\necho {word}\n")
    program.chmod(0o755)
    (found,) = timekeeping.check_synchronised(SystemClock(), {"PATH": str(tmp_path)})
    assert str(found.state) == state


def test_the_whole_command(pyca: Run, folder: Path, opencast: FakeOpencast) -> None:
    (folder / "etc").mkdir()
    file = folder / "etc" / "pyca.conf"
    file.write_text(f"[server]\nurl = {opencast.url}\nusername = admin\npassword = opencast\n")
    file.chmod(0o600)
    good = pyca("doctor")
    assert good.code == 0, good.out
    assert "as user “admin”, by Digest" in good.out
    file.write_text(file.read_text().replace("= opencast", "= correct-horse"))
    bad = pyca("doctor")
    assert bad.code == 69
    assert "1 failed" in bad.out
    assert "correct-horse" not in bad.out
