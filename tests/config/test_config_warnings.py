import os

import pytest

from pyca.config import load
from pyca.config.addresses import is_loopback


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[server]\nurl = https://example.org", "server.password: is the published default"),
        (
            "[server]\nurl = http://example.org\npassword = x",
            "server.url: http://example.org is not encrypted",
        ),
        ("[services]\ningest = http://example.org", "http://example.org is not encrypted"),
        ("[server]\ninsecure = True", ":2: server.insecure: is on"),
        (
            "[ui]\nbind = 0.0.0.0\npassword = opencast",
            "ui.password: is the published one and the page listens on 0.0.0.0",
        ),
        ("[agent]\nbackup_mode = True", ":2: agent.backup_mode: is on"),
        (
            "[inputs]\n[[cam]]\ncommand = a\nfiles = a\n[[camera]]\ncommand = b\nfiles = b",
            ":2: inputs.cam: is the beginning of input camera",
        ),
        ("[services]\ningst = https://example.org", "did you mean “org.opencastproject.ingest”?"),
    ],
)
def test_risks_are_warned_of(configure, text, warning):
    assert [one for one in configure(text).warnings if warning in one]


@pytest.mark.parametrize(
    "text",
    [
        "[server]\nurl = http://localhost:8080",
        "[server]\nurl = http://[::1]:8080",
        "[server]\nurl = https://example.org\npassword = own",
        "[ui]\nbind = 0.0.0.0\npassword = own",
        "[ui]\nbind = 0.0.0.0",
        "[ui]\nbind = ::1",
    ],
)
def test_what_is_safe_gives_no_warning(configure, text):
    assert configure(text).warnings == ()


def test_a_password_that_everyone_can_read_is_warned_of(tmp_path):
    file = tmp_path / "pyca.conf"
    file.write_text("[server]\npassword = own\n")
    os.chmod(file, 0o644)
    (warning,) = load(file, {}).warnings
    assert warning == f"{file}: every user can read server.password in it; run chmod o-r {file}"
    assert load(file, {"PYCA_SERVER_PASSWORD": "other"}).warnings == ()
    os.chmod(file, 0o640)
    assert load(file, {}).warnings == ()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.3.2.1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
    ],
)
def test_loopback(host, expected):
    assert is_loopback(host) is expected


def test_a_database_that_everybody_can_read_is_warned_of(configure, tmp_path):
    file = tmp_path / "pyca.db"
    file.touch()
    file.chmod(0o644)
    text = f"[agent]\ndatabase = sqlite:///{file}"
    assert [one for one in configure(text).warnings if f"run chmod o= {file}*" in one]
    file.chmod(0o640)
    assert not [one for one in configure(text).warnings if "chmod" in one]
