"""Every answer, of whatever kind, keeps browsers strict and is not stored where it is private."""

import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from pyca.ui.access.guard import form_token
from tests.ui_tools import Person

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/login", 303),
        ("GET", "/account", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/api/name", 200),
        ("GET", "/api/nowhere", 404),
        ("GET", "/metrics", 200),
        ("GET", "/health/ready", 200),
        ("GET", "/static/style.css", 200),
        ("GET", "/static/nowhere", 404),
        ("GET", "/static/../pages/login.py", 404),
        ("POST", "/", 405),
        ("POST", "/stop", 404),
        ("OPTIONS", "/", 200),
        ("HEAD", "/", 200),
    ],
)
def test_headers_of_all_kinds_of_answers(person: Person, method: str, path: str, status: int) -> None:
    if path == "/login":
        answer = person.client.get("/", headers={"Accept": "text/html"})
    elif method == "POST":
        answer = person.post(path)
    else:
        answer = person.client.open(path, method=method, auth=(person.ui.username, person.ui.password))
    assert answer.status_code == status
    headers = answer.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin" and "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers, "only the proxy knows whether there is TLS"
    kept = headers["Cache-Control"]
    assert "public" not in kept and ("no-store" in kept or "no-cache" in kept)
    answer.close()


def test_an_error_of_ours_keeps_browsers_strict(app: Flask, person: Person) -> None:
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    answer = person.get("/broken")
    assert answer.status_code == 500 and "ZeroDivision" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/account", "/log", "/account/tokens/x/revoke"])
def test_private_pages_are_stored_nowhere(person: Person, path: str) -> None:
    assert person.get(path).headers["Cache-Control"] == "no-store"


def send(app: Flask, path: str, body: bytes, *, chunked: bool, **more: Any) -> tuple[int, int]:
    """Send a form as servers hand it over; return the status, and how much of it was read."""
    kind = "application/x-www-form-urlencoded"
    environ = EnvironBuilder(path, method="POST", content_type=kind, **more).get_environ()
    stream = io.BytesIO(body)
    environ |= {"wsgi.input": stream, "wsgi.input_terminated": True}
    if chunked:
        environ.pop("CONTENT_LENGTH", None)
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ["CONTENT_LENGTH"] = str(len(body))
    _, status, headers = run_wsgi_app(app, environ, buffered=True)
    assert "Content-Security-Policy" in headers
    return int(status.split()[0]), stream.tell()


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/login", "/record", "/api/name"])
def test_a_body_that_is_too_long_is_not_read(app: Flask, path: str, chunked: bool) -> None:
    """Also one that comes in chunks and does not say how long it is."""
    status, taken = send(app, path, b"name=" + b"a" * 200_000, chunked=chunked)
    assert taken <= 64 * 1024
    assert status == 413 or (status == 401 and not chunked), "a stranger's is not even looked at"
    assert send(app, path, b"name=a", chunked=chunked)[0] in (401, 403)


def test_a_form_in_chunks_is_understood(app: Flask, person: Person) -> None:
    auth = (person.ui.username, person.ui.password)
    form = f"uid=x&token={form_token(person.ui)}".encode()
    # There is no such recording: the form was read, and found to be our own.
    assert send(app, "/stop", form, chunked=True, auth=auth)[0] == 404


def test_a_form_of_very_many_fields_is_refused(client: FlaskClient) -> None:
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n\r\n' for n in range(1100))
    answer = client.post("/login", data=f"{parts}--x--\r\n", content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


def test_the_proxy_demands_encryption() -> None:
    assert "Strict-Transport-Security" in (ROOT / "reverse-proxy" / "nginx-tls.conf").read_text()


def test_static_files_are_no_way_to_others(client: FlaskClient) -> None:
    for path in (
        "/static/../wsgi.py",
        "/static/%2e%2e/wsgi.py",
        "/static//etc/passwd",
        "/static/..%2fwsgi.py",
    ):
        with client.get(path) as answer:
            assert answer.status_code in (401, 404) and "import" not in answer.text
