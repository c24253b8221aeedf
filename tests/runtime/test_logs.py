import logging
import os
import socket
from types import SimpleNamespace

import pytest

from pyca.core.errors import ConfigError
from pyca.runtime import logs


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(
        syslog=False,
        stderr=False,
        file=tmp_path / "pyca.log",
        level="info",
        format="[%(levelname)s] %(message)s",
    )


@pytest.fixture(autouse=True)
def restored():
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)
    for handler in ours():
        logging.getLogger().removeHandler(handler)
        handler.close()


def ours():
    return [handler for handler in logging.getLogger().handlers if (handler.name or "").startswith("pyca-")]


def test_messages_reach_the_file_from_the_level_on(settings):
    logs.setup(settings, service="capture")
    logging.getLogger("x").debug("quiet")
    logging.getLogger("x").warning("Hörsaal")
    assert settings.file.read_text("utf-8").splitlines()[0].endswith(" [WARNING] Hörsaal")


def test_a_second_setup_replaces_the_first(settings):
    logs.setup(settings, service="capture")
    settings.level = "debug"
    logs.setup(settings, service="capture")
    logging.getLogger("x").debug("once")
    assert settings.file.read_text("utf-8").count("once") == 1
    assert len(ours()) == 1


def test_secrets_are_masked_in_messages_arguments_urls_and_tracebacks(settings):
    logs.setup(settings, service="capture", secrets=["s3cr3t/ä", "", "s3cr3t/ä-long"])
    try:
        raise ValueError("wrong: s3cr3t/ä-long")
    except ValueError:
        logging.getLogger("x").exception("%s at http://u:s3cr3t%%2F%s@host", "s3cr3t/ä", "%C3%A4")
    text = settings.file.read_text("utf-8")
    assert "s3cr3t" not in text
    assert "-long" not in text
    assert text.count("********") >= 3
    assert "Traceback" in text


def test_a_rotated_file_is_followed(settings):
    logs.setup(settings, service="capture")
    logging.getLogger("x").info("old")
    settings.file.rename(settings.file.with_suffix(".1"))
    logging.getLogger("x").info("new")
    assert "new" in settings.file.read_text("utf-8")


def test_a_file_that_cannot_be_written_is_a_clear_mistake(settings, tmp_path):
    settings.file = tmp_path / "missing" / "pyca.log"
    with pytest.raises(ConfigError, match=r"missing/pyca\.log.*create its folder"):
        logs.setup(settings, service="capture")


def test_a_missing_syslog_is_a_clear_mistake(tmp_path):
    with pytest.raises(ConfigError, match=r"syslog.*nowhere"):
        logs._syslog("%(message)s", "capture", str(tmp_path / "nowhere"))


def test_syslog_gets_service_and_priority(tmp_path):
    address = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(address)
        handler = logs._syslog("%(message)s", "capture", address)
        handler.handle(logging.makeLogRecord({"msg": "hot", "levelname": "ERROR", "levelno": logging.ERROR}))
        handler.close()
        assert syslog.recv(100).rstrip(b"\0").decode() == f"<11>pyca-capture[{os.getpid()}]: hot"


def test_stderr_has_the_time_outside_the_journal(settings, capsys):
    settings.file, settings.stderr = None, True
    logs.setup(settings, service="capture")
    logging.getLogger("x").error("hot")
    assert capsys.readouterr().err.startswith("20")


def test_the_journal_gets_a_priority_for_each_line(settings, capfd, monkeypatch):
    facts = os.fstat(2)
    monkeypatch.setattr("sys.stderr", os.fdopen(os.dup(2), "w"))
    monkeypatch.setenv("JOURNAL_STREAM", f"{facts.st_dev}:{facts.st_ino}")
    settings.file, settings.stderr = None, True
    logs.setup(settings, service="capture")
    logging.getLogger("x").error("hot\nhotter")
    logging.getLogger("x").info("cool")
    assert capfd.readouterr().err == "<3>[ERROR] hot\n<3>hotter\n<6>[INFO] cool\n"
    logs.sys.stderr.close()


def test_everything_off_is_silent(settings, capfd):
    settings.file = None
    logs.setup(settings, service="capture")
    logging.getLogger("x").error("unheard")
    assert capfd.readouterr().err == ""
