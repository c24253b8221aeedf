"""Mistakes and risks of ``[camera]``."""

import pytest

ALL = "[camera]\nenabled = yes\nbind = *\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("port = 70000", ":2: camera.port: found “70000”, expected a whole number from 0 to 65535"),
        ("first_port = 80", ":2: camera.first_port: found “80”"),
        ("first_port = 2000\nlast_port = 1999", ":3: camera.last_port: found 1999, expected at least"),
        ("bind = a/b", ":2: camera.bind: found “a/b”, expected localhost"),
        ("bind = 300.1.1.1", ":2: camera.bind: found “300.1.1.1”"),
        ("bind = ::g", ":2: camera.bind: found “::g”"),
        ("bind = camera.example.org", ":2: camera.bind: found “camera.example.org”"),
        ("hostname = tcp://host", ":2: camera.hostname: found “tcp://host”, expected the name or address"),
        ("hostname = a b", ":2: camera.hostname: found “a b”"),
        ("hostname = 1.2.3", ":2: camera.hostname: found “1.2.3”"),
        ("directory = /etc/passwd", ":2: camera.directory: found “/etc/passwd”, which is a file"),
        ("backgrounds = /etc/passwd", ":2: camera.backgrounds: found “/etc/passwd”, which is a file"),
        ("scripts = /etc/passwd", ":2: camera.scripts: found “/etc/passwd”, which is a file"),
        ("directory = here\nbackgrounds = here", ":3: camera.backgrounds: is camera.directory too"),
        (f"sockets = /{'x' * 80}", ":2: camera.sockets: found a path of 81 bytes, expected at most 67"),
        ("authentication = maybe", ":2: camera.authentication: found “maybe”"),
        ("origins = example.org", ":2: camera.origins: found “example.org”"),
        ("origins = https://a.org/page", ":2: camera.origins: found “https://a.org/page”"),
        ("enabled = yes\nport = 5000", ":3: camera.port: found 5000, which is ui.port too"),
        ("enabled = yes\nport = 8000\n[live]\nenabled = yes", ":3: camera.port: found 8000, which is live"),
        ("enabled = yes\nfirst_port = 4000", "to camera.last_port has 5000 within, which is ui.port"),
        ("enabled = yes\nport = 10200", "to camera.last_port has 10200 within, which is camera.port"),
        ("prot = 1", "did you mean “port”?"),
    ],
)  # fmt: skip
def test_mistakes_are_told(refuse, text, problem):
    assert [one for one in refuse(f"[camera]\n{text}") if one.startswith(problem) or problem in one]


@pytest.mark.parametrize(
    "text",
    [
        "[camera]\nenabled = yes\nport = 0\nfirst_port = 2000\nlast_port = 2000",
        "[camera]\nport = 8000",
        "[camera]\nenabled = yes\nport = 8000",
        "[camera]\nbind = localhost",
        "[camera]\nbind = [::1]\nhostname = [fe80::1]\norigins = https://a.org, http://b.org:81",
        "[camera]\nhostname = beam-line_1.example.org\nauthentication = off\nsockets = /run/pyca",
        "[camera]\nenabled = yes\norigins = *\nauthentication = on",
    ],
)
def test_what_is_well_formed_gives_no_warning(configure, text):
    assert configure(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (ALL, ":3: camera.bind: lets the network in"),
        (ALL, ":3: camera.bind: is *: streams have no passwords"),
        (ALL + "[ui]\npassword = mine", ":3: camera.bind: is *: streams have no passwords"),
        (ALL + "[ui]\npassword = opencast", ":3: camera.bind: is * and ui.password is the published one"),
        (ALL + "authentication = off", ":4: camera.authentication: is off and camera.bind is *"),
        ("[camera]\nbind = 192.0.2.1\nauthentication = off", "is off and camera.bind is 192.0.2.1"),
        ("[camera]\norigins = *", ":2: camera.origins: has *: every web page"),
    ],
)
def test_risks_are_warned_of(configure, text, warning):
    assert [one for one in configure(text).warnings if warning in one]


def test_a_closed_network_is_not_told_of_accounts(configure):
    warnings = configure(ALL + "authentication = off").warnings
    assert not [one for one in warnings if "accounts" in one]


def test_what_is_enabled_is_an_extra_service(configure):
    assert configure("[camera]\nenabled = yes").extra_services == {"camera"}
    assert configure("[live]\nenabled = yes").extra_services == {"live"}
    assert configure("").extra_services == frozenset()
