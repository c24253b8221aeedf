"""Mistakes and risks of ``[pipeline]``; what it shares with ``[camera]`` is tested there."""

import pytest

from pyca.config.imaging import Pipeline

ALL = "[pipeline]\nenabled = yes\nbind = *\n"
BOTH = "[camera]\nenabled = yes\n[pipeline]\nenabled = yes\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("port = 70000", ":2: pipeline.port: found “70000”, expected a whole number from 0 to 65535"),
        ("first_port = 2000\nlast_port = 1999", ":3: pipeline.last_port: found 1999, expected at least pip"),
        ("bind = a/b", ":2: pipeline.bind: found “a/b”, expected localhost"),
        ("hostname = tcp://host", ":2: pipeline.hostname: found “tcp://host”, expected the name or address"),
        ("cameras = localhost:8888", ":2: pipeline.cameras: found “localhost:8888”, expected an address"),
        ("cameras =", ":2: pipeline.cameras: found nothing, expected the address of a camera server"),
        ("dispatcher = dispatcher:80", ":2: pipeline.dispatcher: found “dispatcher:80”, expected an address"),
        ("directory = /etc/passwd", ":2: pipeline.directory: found “/etc/passwd”, which is a file"),
        ("files = /etc/passwd", ":2: pipeline.files: found “/etc/passwd”, which is a file"),
        ("scripts = /etc/passwd", ":2: pipeline.scripts: found “/etc/passwd”, which is a file"),
        ("directory = here\nfiles = here", ":3: pipeline.files: is pipeline.directory too"),
        ("directory = here\nbackgrounds = here", ":3: pipeline.backgrounds: is pipeline.directory too"),
        ("origins = example.org", ":2: pipeline.origins: found “example.org”"),
        ("enabled = yes\nport = 5000", ":3: pipeline.port: found 5000, which is ui.port too"),
        ("enabled = yes\nfirst_port = 4000", "to pipeline.last_port has 5000 within, which is ui.port"),
        ("camera = x", "did you mean “cameras”?"),
    ],
)  # fmt: skip
def test_mistakes_are_told(refuse, text, problem):
    assert [one for one in refuse(f"[pipeline]\n{text}") if problem in one]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("port = 8888", "pipeline.port: found 8888, which is camera.port too"),
        ("first_port = 8000", "to pipeline.last_port has 8888 within, which is camera.port"),
        ("first_port = 10200", "to pipeline.last_port has ports of camera.first_port to camera.last_port"),
    ],
)
def test_two_servers_have_ports_of_their_own(refuse, text, problem):
    assert [one for one in refuse(BOTH + text) if problem in one]


@pytest.mark.parametrize(
    "text",
    [
        BOTH,
        "[pipeline]\nport = 8888",
        "[pipeline]\nenabled = yes\nport = 0\ncameras = https://cameras.example.org:8888/\ntoken = x",
        "[pipeline]\nscripts = scripts\nrun_scripts = yes",
    ],
)
def test_what_is_well_formed_gives_no_warning(configure, text):
    assert configure(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (ALL, ":3: pipeline.bind: lets the network in"),
        (ALL, ":3: pipeline.bind: is *: streams have no passwords"),
        (ALL + "authentication = off", ":4: pipeline.authentication: is off and pipeline.bind is *"),
        (ALL + "authentication = off\nscripts = s\nrun_scripts = yes", "may have programs run here"),
        ("[pipeline]\nrun_scripts = yes", ":2: pipeline.run_scripts: is on and pipeline.scripts names no"),
        ("[pipeline]\norigins = *", "may do everything with the pipelines"),
        ("[pipeline]\nenabled = yes\ndirectory = x\n[camera]\ndirectory = x", "is camera.directory too"),
    ],
)  # fmt: skip
def test_risks_are_warned_of(configure, text, warning):
    assert [one for one in configure(text).warnings if warning in one]


def test_what_is_enabled_is_an_extra_service(configure):
    assert configure("[pipeline]\nenabled = yes").extra_services == {"pipeline"}


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("localhost", "http://localhost:8889"),
        ("*", "http://127.0.0.1:8889"),
        ("::", "http://[::1]:8889"),
        ("[fe80::1]", "http://[fe80::1]:8889"),
    ],
)
def test_programs_of_this_machine_know_where_it_is(bind, address):
    assert Pipeline(bind=bind).address == address
