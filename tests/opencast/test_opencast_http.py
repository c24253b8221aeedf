import contextlib
import hashlib
import resource
import socket
from dataclasses import replace
from pathlib import Path

import pycurl
import pytest
from opencast_server import FakeOpencast, faults

from pyca.config.settings import Server
from pyca.core.errors import DeliveryError
from pyca.opencast.forms import FilePart, short_name
from pyca.opencast.http import Http
from pyca.opencast.refusals import broken

ME = "/info/me.json"
CALENDARS = "/recordings/calendars"


def failure(http: Http, url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        http.get(url)
    return caught.value


def test_basic_is_sent_at_once_with_the_header_for_opencast(server: FakeOpencast, http: Http) -> None:
    assert http.get(server.url + CALENDARS, params={"agentid": "Hörsaal, 1"}).status == 200
    (call,) = server.calls
    assert (call.scheme, call.user, call.query) == ("basic", "admin", {"agentid": "Hörsaal, 1"})
    assert call.headers["X-Requested-Auth"] == "Basic"
    assert call.headers["User-Agent"].startswith("pyCA/")


def test_umlauts_and_colons_in_a_password_arrive(server: FakeOpencast, basic: Server) -> None:
    server.auth.users["wächter"] = "gehe:heim ß"
    with Http(replace(basic, username="wächter", password="gehe:heim ß")) as http:
        assert http.get(server.url + CALENDARS).status == 200


def test_digest_needs_one_challenge_and_then_none(server: FakeOpencast, basic: Server) -> None:
    with Http(replace(basic, auth_method="digest")) as http:
        for _ in range(3):
            http.get(server.url + CALENDARS)
    assert [call.status for call in server.calls] == [401, 200, 200, 200]
    assert {call.scheme for call in server.calls[1:]} == {"digest"}


def test_a_digest_upload_is_sent_once(server: FakeOpencast, basic: Server, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x" * 3_000_000)
    now = 1000.0
    with Http(replace(basic, auth_method="digest"), monotonic=lambda: now) as http:
        for now in (1000.0, 1010.0, 1300.0):  # the last nonce is too old and renewed before the upload
            http.upload(server.url + "/capture-admin/agents/a", [("state", "idle")])
    posts = [call for call in server.calls if call.method == "POST"]
    assert [call.status for call in posts] == [200, 200, 200]
    assert [call.status for call in server.calls if call.method == "GET"] == [401, 200, 401, 200]


def test_a_stale_nonce_costs_a_round_trip_and_no_error(server: FakeOpencast, basic: Server) -> None:
    with Http(replace(basic, auth_method="digest")) as http:
        http.get(server.url + CALENDARS)
        server.auth.clock = lambda: 4e9
        assert http.get(server.url + CALENDARS).status == 200
    assert [call.status for call in server.calls] == [401, 200, 401, 200]


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_wrong_password_may_be_right_later(server: FakeOpencast, basic: Server, method: str) -> None:
    with Http(replace(basic, auth_method=method, password="wrong")) as http:
        error = failure(http, server.url + CALENDARS)
        assert not error.permanent
        assert "check username, password" in error.remedy
        with pytest.raises(DeliveryError) as caught:
            http.upload(server.url + "/ingest/ingest", [("a", "b")])
        assert (caught.value.permanent, caught.value.unanswered) == (False, False)


def test_the_login_page_is_never_followed(server: FakeOpencast, http: Http) -> None:
    server.faults.add(CALENDARS, faults.redirect())
    error = failure(http, server.url + CALENDARS)
    assert "/login.html" in str(error)
    assert "check username, password" in error.remedy
    assert not error.permanent
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("status", "permanent", "unanswered"),
    [
        (400, True, False),
        (401, False, False),
        (403, False, False),
        (404, False, False),
        (405, True, False),
        (413, True, False),
        (419, False, False),
        (500, False, False),
        (502, False, True),
        (503, False, False),
        (504, False, True),
    ],
)
def test_statuses(server: FakeOpencast, http: Http, status: int, permanent: bool, unanswered: bool) -> None:
    server.faults.add(CALENDARS, faults.status(status, "so it is"))
    error = failure(http, server.url + CALENDARS)
    assert str(status) in str(error)
    assert "so it is" in str(error)
    assert (error.status, error.permanent, error.unanswered) == (status, permanent, unanswered)


def test_an_unknown_tenant_is_permanent(server: FakeOpencast, http: Http) -> None:
    server.faults.add(CALENDARS, faults.status(404, "No organization is mapped to localhost"))
    assert failure(http, server.url + CALENDARS).permanent


@pytest.mark.parametrize("status", [200, 503])
def test_a_web_page_is_an_error_whatever_the_status(server: FakeOpencast, http: Http, status: int) -> None:
    server.faults.add(CALENDARS, faults.html(status))
    with pytest.raises(DeliveryError) as caught:
        http.get(server.url + CALENDARS, allow=(503,))
    assert "<html" not in str(caught.value)


def test_allowed_statuses_are_answers(server: FakeOpencast, http: Http) -> None:
    assert http.get(server.url + "/nothing", allow=(404,)).status == 404


def test_the_etag_keeps_every_byte(server: FakeOpencast, http: Http) -> None:
    assert http.get(server.url + CALENDARS, params={"agentid": "a"}).headers["etag"] == "mod0"
    server.quoted_etag = True
    assert http.get(server.url + CALENDARS, params={"agentid": "a"}).headers["etag"] == '"mod0"'


def test_a_closed_port_and_an_unknown_name(basic: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with Http(basic) as http:
            error = failure(http, f"http://127.0.0.1:{port}/x")
            assert "cannot connect" in str(error)
            assert (error.permanent, error.unanswered) == (False, False)
            assert failure(http, "ftp://127.0.0.1/").permanent


def test_credentials_in_an_address_are_not_shown(server: FakeOpencast, http: Http) -> None:
    server.faults.add("/x", faults.status(500))
    address = server.url.replace("//", "//me:secret@")
    assert "secret" not in str(failure(http, f"{address}/x?token=secret"))


def test_a_silent_server_is_given_up(server: FakeOpencast, basic: Server) -> None:
    server.faults.add(CALENDARS, faults.hang())
    with Http(replace(basic, stall_timeout=1)) as http:
        error = failure(http, server.url + CALENDARS)
    assert "no answer in time" in str(error)
    assert not error.permanent


def test_a_missing_reply_is_told_from_a_broken_upload(
    server: FakeOpencast, http: Http, tmp_path: Path
) -> None:
    path = tmp_path / "big.mp4"
    path.write_bytes(bytes(20_000_000))
    fields = [("flavor", "presenter/source"), ("mediaPackage", "<mediapackage/>"), ("BODY", FilePart(path))]
    server.faults.add("/ingest/addTrack", faults.drop(after=1_000_000))
    with pytest.raises(DeliveryError) as caught:
        http.upload(server.url + "/ingest/addTrack", fields)
    assert (caught.value.permanent, caught.value.unanswered) == (False, False)
    server.faults.add("/capture-admin", faults.no_reply(), times=2)
    for send in (http.post, lambda url, form: http.upload(url, list(form.items()))):
        with pytest.raises(DeliveryError) as caught:
            send(server.url + "/capture-admin/agents/a", {"state": "idle"})
        assert (caught.value.permanent, caught.value.unanswered) == (False, True)


def test_a_truncated_answer_is_an_error(server: FakeOpencast, http: Http) -> None:
    server.faults.add(CALENDARS, faults.truncate(40))
    assert "ended early" in str(failure(http, server.url + CALENDARS))
    assert http.get(server.url + CALENDARS).status == 200


def test_a_slow_answer_is_an_answer(server: FakeOpencast, http: Http) -> None:
    server.faults.add(CALENDARS, faults.slow(0.2))
    assert http.get(server.url + CALENDARS).body.endswith(b"END:VCALENDAR\r\n")


def test_a_refusal_before_the_end_of_the_body_is_read(
    server: FakeOpencast, http: Http, tmp_path: Path
) -> None:
    path = tmp_path / "big.mp4"
    path.write_bytes(bytes(5_000_000))
    with pytest.raises(DeliveryError) as caught:
        http.upload(server.url + "/ingest/addTrack", [("mediaPackage", "<x/>"), ("BODY", FilePart(path))])
    assert caught.value.permanent
    assert "flavor missing" in str(caught.value)


def test_a_file_that_is_gone_is_permanent(server: FakeOpencast, http: Http, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        http.upload(
            server.url + "/ingest/addTrack", [("flavor", "a/b"), ("BODY", FilePart(tmp_path / "no.mp4"))]
        )
    assert caught.value.permanent
    assert not caught.value.unanswered


def test_a_file_that_cannot_be_read_now_is_tried_again(
    server: FakeOpencast, http: Http, tmp_path: Path
) -> None:
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    with pytest.raises(DeliveryError, match=r"cannot be read.*loop\.mp4") as caught:
        http.upload(server.url + "/ingest/addTrack", [("flavor", "a/b"), ("BODY", FilePart(loop))])
    assert (caught.value.permanent, caught.value.unanswered) == (False, False)


def test_a_disk_that_fails_in_the_middle_of_an_upload_is_tried_again() -> None:
    error = broken("http://a/ingest/addTrack", pycurl.E_READ_ERROR, "", sent=True)
    assert (error.permanent, error.unanswered) == (False, False)


def test_an_upload_streams_reports_and_arrives_whole(
    server: FakeOpencast, http: Http, tmp_path: Path
) -> None:
    path = tmp_path / "Übung – größer.mp4"
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(150):
            piece = bytes([number]) * 1_000_000
            file.write(piece)
            digest.update(piece)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen: list[tuple[int, int]] = []
    fields = [
        ("flavor", "presenter/source"),
        ("mediaPackage", "<mediapackage id='ä'/>"),
        ("BODY", FilePart(path)),
    ]
    http.upload(
        server.url + "/ingest/addTrack", fields, progress=lambda sent, total: seen.append((sent, total))
    )
    (call,) = server.calls
    assert call.file is not None
    assert (call.file.sha256, call.file.size) == (digest.hexdigest(), 150_000_000)
    assert call.file.name == "Ubung__groer.mp4"
    assert list(call.fields) == ["flavor", "mediaPackage"]
    assert call.fields["mediaPackage"] == "<mediapackage id='ä'/>"
    assert seen[-1][0] == seen[-1][1] > 150_000_000
    # Client and server share this process; neither may hold the file.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_the_rate_limit_reaches_curl(server: FakeOpencast, basic: Server, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(4_000_000))
    moments: list[int] = []

    def stop_soon(sent: int, total: int) -> bool:
        moments.append(sent)
        return len(moments) > 3

    with Http(basic) as http, pytest.raises(DeliveryError) as caught:
        fields = [("flavor", "a/b"), ("mediaPackage", "<mediapackage/>"), ("BODY", FilePart(path))]
        http.upload(server.url + "/ingest/addTrack", fields, progress=stop_soon, rate=50_000)
    assert "interrupted" in str(caught.value)
    assert moments[-1] < 4_000_000


def test_an_interruption_ends_any_transfer(server: FakeOpencast, basic: Server) -> None:
    server.faults.add(CALENDARS, faults.hang())
    with Http(basic, progress=lambda: True) as http:
        error = failure(http, server.url + CALENDARS)
    assert "interrupted" in str(error)
    assert not error.permanent


def test_cookies_are_kept_and_written(server: FakeOpencast, basic: Server, tmp_path: Path) -> None:
    jar = tmp_path / "cookies"

    def with_cookie(environ, handler):
        answer = handler(environ)
        answer.headers["Set-Cookie"] = "JSESSIONID=abc; Path=/; Max-Age=3600"
        return answer

    server.faults.add(CALENDARS, with_cookie)
    with Http(replace(basic, cookiefile=jar)) as http:
        http.get(server.url + CALENDARS)
        http.get(server.url + CALENDARS)
    assert server.calls[1].headers["Cookie"] == "JSESSIONID=abc"
    with Http(replace(basic, cookiefile=jar)) as http:
        http.get(server.url + CALENDARS)
    assert server.calls[2].headers["Cookie"] == "JSESSIONID=abc"


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    server: FakeOpencast, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert http.get(server.url + CALENDARS).status == 200
    error = failure(http, "http://opencast.invalid/")  # of other hosts the proxy is asked, which is not there
    assert "cannot connect" in str(error)


def test_fetch_sends_no_credentials_and_follows_redirects(server: FakeOpencast, http: Http) -> None:
    server.faults.add("/moved.ics", faults.redirect("/public.ics"))
    server.faults.add("/public.ics", faults.body(b"BEGIN:VCALENDAR"))
    assert http.fetch(server.url + "/moved.ics").body == b"BEGIN:VCALENDAR"
    assert all("Authorization" not in call.headers for call in server.calls)
    assert [call.path for call in server.calls] == ["/moved.ics", "/public.ics"]


def test_a_server_comes_back(server: FakeOpencast, http: Http) -> None:
    http.get(server.url + CALENDARS)
    server.stop()
    assert "connect" in str(failure(http, server.url + CALENDARS))
    server.start()
    assert http.get(server.url + CALENDARS).status == 200


def test_tls_is_verified_with_an_own_authority(tmp_path: Path, basic: Server) -> None:
    with FakeOpencast(tmp_path, tls=True) as server:
        with Http(basic) as http:
            error = failure(http, server.url + CALENDARS)
            assert "not trusted" in str(error)
            assert "certificate in section [server]" in error.remedy
        with Http(replace(basic, certificate=server.certificate)) as http:
            assert http.get(server.url + CALENDARS).status == 200
        with Http(replace(basic, insecure=True)) as http:
            assert http.get(server.url + CALENDARS).status == 200
        with Http(replace(basic, certificate=tmp_path / "none.pem")) as http:
            error = failure(http, server.url + CALENDARS)
            assert "certificate in section [server]" in error.remedy
            assert not error.permanent
        with Http(basic) as http:
            assert failure(http, server.url.replace("https", "http") + "/x").permanent is False


def test_an_expired_certificate_is_named(tmp_path: Path, basic: Server) -> None:
    with (
        FakeOpencast(tmp_path, tls="expired") as server,
        Http(replace(basic, certificate=server.certificate)) as http,
    ):
        error = failure(http, server.url + CALENDARS)
    assert "expired" in error.message
    assert "clock" in error.remedy


def test_a_renewed_certificate_is_believed_at_once(tmp_path: Path, basic: Server) -> None:
    with FakeOpencast(tmp_path, tls="expired") as server:
        mine = replace(basic, certificate=server.certificate, cookiefile=tmp_path / "cookies")
        with Http(mine) as http:
            assert "expired" in failure(http, server.url + CALENDARS).message
            renew(server)
            http.get(server.url + CALENDARS)
            # Trusted until a moment ago: one refusal, then the file is read again.
            renew(server)
            failure(http, server.url + CALENDARS)
            http.upload(server.url + "/info/me.json", [("mediaPackage", "<mediapackage/>")])


def renew(server: FakeOpencast) -> None:
    server.stop()
    server.renew(days=7)
    server.start()


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("camera.mp4", "camera.mp4"),
        ("Größe äöü.mkv", "Groe_aou.mkv"),
        ("x" * 200 + ".webm", "x" * 70 + ".webm"),
        ('a";b\n.mp4', "a__b_.mp4"),
        ("日本.mp4", "file.mp4"),
        ("noextension", "noextension"),
    ],
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(Path("/tmp") / name) == short


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_curl_never_repeats_an_unanswered_request(server: FakeOpencast, basic: Server, method: str) -> None:
    with Http(replace(basic, auth_method=method)) as http:
        http.get(server.url + CALENDARS)
        http.upload(server.url + "/ingest/discardMediaPackage", [("mediaPackage", "<mediapackage id='a'/>")])
        server.faults.add("/ingest/ingest", faults.no_reply())
        with pytest.raises(DeliveryError) as caught:
            http.upload(server.url + "/ingest/ingest", [("mediaPackage", "<mediapackage id='a'/>")])
    assert caught.value.unanswered
    assert len(server.called("POST", "/ingest/ingest")) == len(server.workflows) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_cannot_be_connected_to_has_taken_nothing(basic: Server, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, contextlib.ExitStack() as waiting:
        address = deaf.getsockname()
        for _ in range(4):  # the queue is full: further connections are not even refused
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        url = f"{scheme}://127.0.0.1:{address[1]}"
        hasty = replace(basic, url=url, connect_timeout=0.2)
        with Http(hasty) as http, pytest.raises(DeliveryError) as caught:
            http.upload(f"{url}/ingest/ingest", [("mediaPackage", "<mediapackage id='a'/>")])
    assert not caught.value.unanswered
