"""Files of a folder for browsers: what is served, how, and that nothing else ever is."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from pyca.config.served import why_not_served
from pyca.config.settings import Settings
from pyca.store.database import Database
from pyca.ui.livebox import docroot
from pyca.ui.livebox.app import create_live_app
from pyca.ui.livebox.docroot import TYPES
from tests.livebox_tools import plain, reader
from tests.tools import FakeClock

SECRET = "nobody shall read this"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with files of all kinds, and links that lead elsewhere."""
    made = tmp_path / "docroot"
    (made / "sub" / "deep").mkdir(parents=True)
    (made / ".git").mkdir()
    (made / "api").mkdir()
    (tmp_path / "docroot-of-others").mkdir()
    for secret in (
        tmp_path / "secret.txt", tmp_path / "docroot-of-others" / "a.txt", made / ".htpasswd",
        made / ".git" / "config", made / "api" / "status", made / "sub" / ".hidden",
    ):  # fmt: skip
        secret.write_text(SECRET)
    (made / "index.html").write_text("<h1>first</h1>")
    (made / "sub" / "index.html").write_text("<h1>sub</h1>")
    (made / "sub" / "ä b.TXT").write_text("umlaut")
    (made / "data").write_bytes(b"0123456789")
    (made / "inside.js").symlink_to("sub/index.html")
    (made / "out.txt").symlink_to(tmp_path / "secret.txt")
    (made / "up").symlink_to("..")
    (made / "others").symlink_to(tmp_path / "docroot-of-others")
    (made / "hidden.txt").symlink_to(".htpasswd")
    (made / "round").symlink_to("round")
    (made / "nothing").symlink_to("gone")
    return made


@pytest.fixture
def browser(root: Path, settings: Settings, database: Database, clock: FakeClock) -> FlaskClient:
    with_files = replace(settings, live=replace(settings.live, docroot=root))
    return reader(create_live_app(with_files, database, clock))


def test_files(browser: FlaskClient, root: Path) -> None:
    assert (browser.get("/").text, browser.get("/").mimetype) == ("<h1>first</h1>", "text/html")
    assert browser.get("/index.html").text == "<h1>first</h1>"
    assert browser.get("/sub/").text == "<h1>sub</h1>"
    assert browser.get("/sub/%C3%A4%20b.TXT").text == "umlaut"
    assert browser.get("/inside.js").text == "<h1>sub</h1>"
    answer = browser.get("/sub")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/sub/")


def test_parts_and_folders(browser: FlaskClient, root: Path) -> None:
    part = browser.get("/data", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert browser.get("/data", headers={"Range": "bytes=20-"}).status_code == 416
    again = {"If-None-Match": part.headers["ETag"]}
    assert browser.get("/data", headers=again).status_code == 304
    (root / "a ?b").mkdir()
    assert browser.get("/a%20%3Fb?x=%26").headers["Location"] == "/a%20%3Fb/?x=%26"


def test_a_link_that_is_put_there_in_between_leads_nowhere(
    browser: FlaskClient, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = docroot._find

    def swapped(top: Path, path: str) -> Path:
        found = find(top, path)
        if path == "data":
            (root / "data").unlink()
            (root / "data").symlink_to(root.parent / "secret.txt")
        return found

    monkeypatch.setattr(docroot, "_find", swapped)
    answer = browser.get("/data")
    assert answer.status_code == 404 and SECRET not in answer.text


def test_folders_with_what_is_nobodys_business(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    database = replace(settings.agent, database=f"sqlite:///{tmp_path}/data/pyca.db")
    live = replace(settings.live, directory=tmp_path / "live")
    capture = replace(settings.capture, directory=tmp_path / "recordings")
    file = tmp_path / "etc" / "pyca.conf"
    ours = replace(settings, agent=database, live=live, capture=capture, file=file)
    assert why_not_served(ours, tmp_path / "shown") == ""
    for name in ("data", "live", "live/hls", "recordings", "recordings/x", "etc", "."):
        assert why_not_served(ours, tmp_path / name), name


def test_kinds(browser: FlaskClient, root: Path) -> None:
    for ending, kind in TYPES.items():
        (root / f"file{ending}").write_bytes(b"x")
        answer = browser.get(f"/file{ending}")
        assert answer.mimetype == kind and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert browser.get("/data").mimetype == "application/octet-stream"


def test_only_what_browsers_have_not(browser: FlaskClient) -> None:
    answer = browser.get("/data")
    tag, changed = answer.headers["ETag"], answer.headers["Last-Modified"]
    assert answer.headers["Cache-Control"] == "no-cache"
    assert browser.get("/data", headers={"If-None-Match": tag}).status_code == 304
    assert browser.get("/data", headers={"If-Modified-Since": changed}).status_code == 304
    part = browser.get("/data", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert browser.get("/data", headers={"Range": "bytes=20-"}).status_code == 416
    head = browser.head("/data")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", "10")


REFUSED = {
    "/.htpasswd": 400, "/.git/config": 400, "/sub/.hidden": 400, "/..": 400, "/../secret.txt": 400,
    "/%2e%2e/secret.txt": 400, "/..%2fsecret.txt": 400, "/sub/../../secret.txt": 400,
    "/%2e%2e%2fsecret.txt": 400,
    "/./data": 400, "/hidden.txt": 400, "/a%00b": 404, "/data%00": 404, "/a%5C..%5Cb": 400, "/a%0ab": 404,
    "/out.txt": 403, "/up/secret.txt": 403, "/others/a.txt": 403, "/up/docroot-of-others/a.txt": 403,
    "/nowhere": 404, "/nothing": 404, "/round": 404, "/data/": 404, "/data/x": 404, "/sub/deep/": 404,
    "/%252e%252e/secret.txt": 404, "/" + "x" * 5000: 404, "/" + "x/" * 3000: 404,
}  # fmt: skip


def test_nothing_hidden_and_nothing_outside(browser: FlaskClient, root: Path) -> None:
    for path, status in REFUSED.items():
        answer = browser.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, path
        assert SECRET not in answer.text and str(root) not in answer.text, path
    for path in (f"/{root}/data", f"//{root}/../secret.txt", "//etc/passwd"):
        assert SECRET not in browser.get(path, follow_redirects=True).text


def test_what_programs_ask_wins(browser: FlaskClient) -> None:
    assert browser.get("/api/livebox/v1/status").json["product"] == "com.youtube.livebox"
    for path in ("/api/status", "/api", "/api/", "/api/livebox/v1/nothing", "/api/../data"):
        assert SECRET not in browser.get(path, follow_redirects=True).text
    plain(browser.get("/api/status"), 404)
    plain(browser.get("/api/livebox/v1/start"), 405)
    assert browser.get("/apis").status_code == 404


def test_files_are_only_read(browser: FlaskClient, root: Path) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = browser.open("/data", method=method)
        assert answer.status_code == 405 and "GET" in answer.headers["Allow"]
    assert (root / "data").read_bytes() == b"0123456789"


def test_a_file_that_cannot_be_read(
    browser: FlaskClient, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("not yours")

    with monkeypatch.context() as patched:
        patched.setattr("pyca.ui.livebox.docroot.os.open", refuse)
        answer = browser.get("/data")
    assert answer.status_code == 404


def test_without_an_index_our_own_page_is_first(browser: FlaskClient, root: Path) -> None:
    (root / "index.html").unlink()
    assert "/api/livebox/v1/status" in browser.get("/").text
    assert browser.get("/-/static/style.css").status_code == 200


def test_without_files(settings: Settings, database: Database, clock: FakeClock) -> None:
    browser = reader(create_live_app(settings, database, clock))
    assert "curl -X PUT" in browser.get("/").text and browser.get("/touch").status_code == 200
    assert browser.get("/data").status_code == 404


@given(
    path=some.text(
        some.sampled_from("./%2fe\\~:?#&\0 a") | some.characters(exclude_categories=["Cs"]), max_size=40
    )
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_for(browser: FlaskClient, path: str) -> None:
    answer = browser.get("/" + path.lstrip("/\\"))
    assert answer.status_code in (200, 308, 400, 403, 404, 405), path
    assert SECRET not in answer.text
