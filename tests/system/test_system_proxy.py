"""The page behind nginx with our examples: what gets through, what is stopped, who sees which picture."""

import base64
import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pyca.core.states import EventState
from tests.proxy_rig import NGINX, ROOT, Proxy, behind, configuration, listens, nginx
from tests.system_rig import Rig
from tests.tools import free_port, wait_for
from tests.ui_tools import JPEG, put

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not NGINX, reason="nginx is not installed"),
]

BOTH = pytest.mark.parametrize("name", ["nginx.conf", "nginx-tls.conf"])
SECRET = {"Authorization": "Basic " + base64.b64encode(b"admin:geheim").decode()}


@contextmanager
def served(rig: Rig, name: str = "nginx.conf") -> Iterator[Proxy]:
    """The real page: gunicorn with our configuration, and nginx in front of it."""
    port = free_port()
    argv = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "etc" / "gunicorn.conf.py")]
    argv += ["--bind", f"127.0.0.1:{port}", "--chdir", str(rig.folder), "pyca.ui:app"]
    process = rig.accompany(argv, env=rig.environment(PYCA_CONFIG=str(rig.file)))
    try:
        wait_for(lambda: process.poll() is not None or listens(port), "gunicorn")
        folder = rig.folder.parent / "nginx"
        folder.mkdir()
        with nginx(name, folder, port) as proxy:
            proxy.page = process
            yield proxy
    finally:
        process.terminate()
        assert process.wait(30) == 0


@BOTH
def test_the_examples_are_valid(tmp_path: Path, name: str) -> None:
    file = configuration(name, tmp_path, {port: free_port() for port in ("80", "443", "5000")})
    argv = [NGINX, "-t", "-p", str(tmp_path), "-c", str(file)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "[warn]" not in ended.stderr.replace('"user" directive', "")


def test_both_examples_limit_the_same() -> None:
    texts = [(ROOT / "reverse-proxy" / name).read_text() for name in ("nginx.conf", "nginx-tls.conf")]
    plain, tls = (text[text.index("# An open page") : text.index("server {")] for text in texts)
    assert plain == tls


@BOTH
def test_the_page_comes_through_with_each_header_once(rig: Rig, name: str) -> None:
    tls = "tls" in name
    with served(rig, name) as proxy:
        page = proxy.ask("/", tls=tls, headers=SECRET)
        assert page.status == 200 and "Nothing is being recorded" in page.body.decode()
        for header in (
            "Content-Security-Policy",
            "X-Content-Type-Options",
            "Referrer-Policy",
            "Cache-Control",
        ):
            assert len(page.all(header)) == 1, header
        assert len(page.all("Strict-Transport-Security")) == tls
        assert page.all("Server") == ["nginx"]
        small = proxy.ask("/static/style.css", tls=tls, headers={"Accept-Encoding": "gzip", **SECRET})
        assert small.all("Content-Encoding") == ["gzip"]
        assert proxy.ask("/", tls=tls, headers={"Authorization": "Basic eDp5"}).status == 401
        (cookie,) = proxy.ask("/login", tls=tls).all("Set-Cookie")
        assert ("; Secure" in cookie) is tls
        if tls:
            away = proxy.ask("/schedule?day=1", headers={"Host": "pyca.example.org"})
            assert (away.status, away.all("Location")) == (301, ["https://pyca.example.org/schedule?day=1"])


def test_old_tls_is_refused(tmp_path: Path) -> None:
    with behind() as server, nginx("nginx-tls.conf", tmp_path, server.port) as proxy:
        place = ["-connect", f"127.0.0.1:{proxy.ports['443']}"]
        for version, code in (("-tls1_1", 1), ("-tls1_2", 0), ("-tls1_3", 0)):
            argv = ["openssl", "s_client", *place, version, "-cipher", "ALL:@SECLEVEL=0", "-brief"]
            ended = subprocess.run(argv, input=b"", capture_output=True, timeout=30, check=False)
            assert ended.returncode == code, (version, ended.stderr)


def test_a_flood_of_logins_is_stopped_before_the_page(tmp_path: Path) -> None:
    with behind() as server, nginx("nginx.conf", tmp_path, server.port) as proxy:
        tried = [proxy.ask("/login", method="POST", body=b"name=a&password=b").status for _ in range(20)]
        assert tried[:6] == [200] * 6 and tried.count(429) >= 13
        assert server.paths().count("/login") == tried.count(200)
        # Whoever only opens the page is not counted.
        assert [proxy.ask("/login").status for _ in range(12)] == [200] * 12


def test_a_flood_of_anything_is_stopped(tmp_path: Path) -> None:
    with behind() as server, nginx("nginx.conf", tmp_path, server.port, "1r/s") as proxy:
        answers = [proxy.ask("/").status for _ in range(200)]
        assert set(answers) == {200, 429} and answers[:100] == [200] * 100
        # Live pictures are counted apart.
        assert proxy.ask("/img/0").status == 200


def test_a_large_body_never_reaches_the_page(tmp_path: Path) -> None:
    with behind() as server, nginx("nginx.conf", tmp_path, server.port) as proxy:
        assert proxy.ask("/record", method="POST", body=b"x" * 10_000_000).status == 413
        assert "/record" not in server.paths()
        assert proxy.ask("/login", method="POST", body=b"x" * 20_000).status == 413
        assert proxy.ask("/record", method="POST", body=b"x" * 60_000).status == 200


def test_nobody_can_claim_another_address(tmp_path: Path) -> None:
    invented = {
        "X-Forwarded-For": "192.0.2.7",
        "X-Real-IP": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example.org",
        "Forwarded": "for=192.0.2.7",
        "Proxy": "http://192.0.2.7",
    }
    with behind() as server, nginx("nginx.conf", tmp_path, server.port) as proxy:
        proxy.ask("/mine", headers={"Host": "hall.example.org:8080", **invented})
        seen = next(headers for _, path, headers in server.calls if path == "/mine")
    assert seen["X-Forwarded-For"] == seen["X-Real-IP"] == "127.0.0.1"
    assert (seen["X-Forwarded-Proto"], seen["Host"]) == ("http", "hall.example.org:8080")
    assert not {"X-Forwarded-Host", "Forwarded", "Proxy"} & seen.keys()


def test_a_picture_is_kept_for_a_moment_for_whom_it_was_made(tmp_path: Path) -> None:
    made = threading.Lock()
    numbers = iter(range(1, 1000))

    def picture(asked: Any) -> tuple[int, dict[str, str], bytes]:
        who = asked.headers.get("Authorization") or asked.headers.get("Cookie")
        if not who:
            return 401, {}, b"who are you?"
        with made:
            text = f"{next(numbers)} for {who}"
        return 200, {"Cache-Control": "no-store", "Content-Type": "image/jpeg"}, text.encode()

    with behind(picture) as server, nginx("nginx.conf", tmp_path, server.port, "1000r/s") as proxy:

        def look(**headers: str) -> bytes:
            return proxy.ask("/img/0", headers=headers).body

        # However slow the machine is, two requests fall into one of many seconds.
        wait_for(lambda: look(Authorization="ada") == look(Authorization="ada"), "a picture to be kept")
        for _ in range(3):
            assert look() == b"who are you?"
            assert look(Authorization="bob").endswith(b" for bob")
            assert look(Cookie="login=ada").endswith(b" for login=ada")
            assert look(Authorization="ada").endswith(b" for ada")
        first = look(Authorization="ada")
        wait_for(lambda: look(Authorization="ada") != first, "a new picture")
        assert proxy.ask("/img/0", headers={"Authorization": "ada"}).all("Cache-Control") == ["no-store"]


def test_a_stranger_sees_no_picture_that_was_just_shown(rig: Rig) -> None:
    rig.configure(capture={"preview": "{{previewdir}}/p.jpg"})
    (rig.folder / "previews").mkdir()
    (rig.folder / "previews" / "p.jpg").write_bytes(JPEG)
    with served(rig) as proxy:
        for _ in range(5):
            assert proxy.ask("/img/0", headers=SECRET).body == JPEG
            for stranger in ({}, {"Authorization": "Basic eDp5"}, {"Cookie": "pyca=x"}):
                answer = proxy.ask("/img/0", headers=stranger)
                assert answer.status in (303, 401) and JPEG not in answer.body


def test_a_hall_of_viewers_costs_the_page_one_request(tmp_path: Path) -> None:
    def piece(asked: Any) -> tuple[int, dict[str, str], bytes]:
        return (200 if "token" in asked.path else 404), {"Cache-Control": "private, max-age=60"}, b"piece"

    with behind(piece) as server, nginx("nginx.conf", tmp_path, server.port) as proxy:
        # No more than one in each second reaches the page.
        answers = [proxy.ask("/watch/token/part-1.m4s") for _ in range(200)]
        assert {(one.status, one.body) for one in answers} == {(200, b"piece")}, "nobody is turned away"
        assert len(server.paths()) < 100
        assert answers[-1].all("Cache-Control") == ["private, max-age=60"]
        for _ in range(3):
            assert proxy.ask("/watch/other/part-1.m4s").status == 404, "another secret is another answer"
            assert proxy.ask("/live/hls/token").status == 200
        assert server.paths().count("/live/hls/token") == 3, "what needs a login is kept for nobody"


def test_other_answers_are_not_kept(tmp_path: Path) -> None:
    with behind() as server, nginx("nginx.conf", tmp_path, server.port) as proxy:
        for _ in range(3):
            proxy.ask("/recordings")
    assert server.paths().count("/recordings") == 3


def test_events_come_at_once_and_others_are_answered_meanwhile(tmp_path: Path) -> None:
    heard, go_on = threading.Event(), threading.Event()

    def stream(asked: Any) -> tuple[int, dict[str, str], bytes] | None:
        if asked.path != "/api/stream":
            return 200, {}, b""
        asked.send_response(200)
        asked.send_header("Content-Type", "text/event-stream")
        asked.send_header("Connection", "close")
        asked.end_headers()
        asked.wfile.write(b"event: hello\n\n")
        asked.wfile.flush()
        heard.wait(30)
        asked.wfile.write(b"event: bye\n\n")
        go_on.set()
        return None

    with behind(stream) as server, nginx("nginx.conf", tmp_path, server.port) as proxy:
        connection = proxy.connect()
        connection.request("GET", "/api/stream", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        # The server writes nothing more before this has been read.
        assert answer.readline() == b"event: hello\n"
        assert proxy.ask("/").status == 200
        heard.set()
        assert answer.read() == b"\nevent: bye\n\n"
        assert go_on.is_set()
        connection.close()


def test_a_recording_is_not_written_to_the_disk_of_nginx(tmp_path: Path) -> None:
    size = 64 * 1024 * 1024
    with (
        behind(lambda asked: (200, {"Content-Type": "video/mp4"}, bytes(size))) as server,
        nginx("nginx.conf", tmp_path, server.port) as proxy,
    ):
        connection = proxy.connect()
        connection.request("GET", "/recordings/x/media/0")
        answer = connection.getresponse()
        assert len(answer.read(1_000_000)) == 1_000_000
        # Nobody reads on; what nginx has taken meanwhile is in memory.
        assert not [file for file in (tmp_path / "proxy").rglob("*") if file.is_file()]
        assert len(answer.read()) == size - 1_000_000
        connection.close()


def test_a_film_waits_for_who_has_paused_it(tmp_path: Path) -> None:
    size = 64 * 1024 * 1024
    film, other = "/recordings/a/b%20c/tracks/1/play", "/recordings/x/tracks/1"
    given_up: list[str] = []

    def send(asked: Any) -> None:
        asked.send_response(200)
        asked.send_header("Content-Length", str(size))
        asked.end_headers()
        try:
            asked.wfile.write(bytes(size))
        except OSError:
            given_up.append(asked.path)

    with behind(send) as server, nginx("nginx.conf", tmp_path, server.port, patience="1s") as proxy:
        begun = []
        for path in (film, other):
            connection = proxy.connect()
            connection.request("GET", path)
            begun.append((connection, connection.getresponse()))
        # Both are paused, the film for longer; the other one tells when nginx has lost its patience.
        wait_for(lambda: given_up, "the end of nginx's patience")
        assert len(begun[0][1].read()) == size
        assert given_up == [other]
        for connection, answer in begun:
            answer.close()
            connection.close()


def test_a_recording_that_begins_is_told_at_once_and_the_stream_ends_with_the_server(rig: Rig) -> None:
    with served(rig) as proxy:
        connection = proxy.connect()
        connection.request("GET", "/api/stream", headers=SECRET)
        answer = connection.getresponse()
        assert answer.getheader("Content-Type", "").startswith("text/event-stream")
        told(answer, "snapshot")
        put(rig.database, "r", EventState.RECORDING, time.time(), title="It begins")
        assert "It begins" in told(answer, "event")
        assert proxy.page
        proxy.page.terminate()
        # Ended in good order: a connection that is only cut raises IncompleteRead.
        answer.read()
        connection.close()


def test_each_process_has_a_name_of_its_own_in_the_stream(rig: Rig) -> None:
    with served(rig) as proxy:
        streams, names = [], set()

        def listen() -> bool:
            stream = http.client.HTTPConnection("127.0.0.1", proxy.ports["5000"], timeout=20)
            stream.request("GET", "/api/stream", headers=SECRET)
            answer = stream.getresponse()
            if answer.status == 200:
                streams.append((stream, answer))
                names.add(told(answer, "snapshot").split("id: ")[1].split("-")[0])
            stream.close()
            return len(names) == 2

        wait_for(listen, "an answer of the other process")
        for _, answer in streams:
            answer.close()


def told(answer: http.client.HTTPResponse, name: str) -> str:
    """Read a stream until an event whose name begins so, and return it."""
    text = ""
    while True:
        line = answer.readline().decode()
        assert line, f"the stream has ended before “{name}”"
        text = text + line if line.strip() else ""
        if f"event: {name}" in text and line.startswith("data:"):
            return text


def test_who_keeps_connections_open_does_not_stop_the_page(rig: Rig) -> None:
    with served(rig) as proxy:
        held = [proxy.connect() for _ in range(40)]
        for connection in held:
            connection.putrequest("GET", "/")
        assert proxy.ask("/health/live").status == 200
        for connection in held:
            connection.close()
