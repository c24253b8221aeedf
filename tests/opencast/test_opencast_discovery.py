from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_opencast.reading import service
from opencast_server import FakeOpencast, faults

from pyca.config.settings import Server
from pyca.core.errors import DeliveryError
from pyca.opencast.discovery import Services, entries, usable
from pyca.opencast.http import Http

INGEST = "org.opencastproject.ingest"
SCHEDULER = "org.opencastproject.scheduler"


def test_the_three_shapes(fixture: Callable[[str], bytes]) -> None:
    assert list(entries(fixture("available_empty.json"))) == []
    (single,) = entries(fixture("available_single.json"))
    assert single["host"] == "https://opencast.example.org"
    listed = list(entries(fixture("available_list.json")))
    assert listed[0]["host"] == "https://ingest1.example.org"
    assert len(listed) == 2
    assert all(usable(entry) for entry in listed)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"services":"x"}', b'{"services":[1]}', b"null"])
def test_other_answers_are_errors(body: bytes) -> None:
    with pytest.raises(DeliveryError):
        list(entries(body))


@pytest.mark.parametrize("slash", ["", "/"])
def test_addresses_are_found_with_and_without_a_slash(
    server: FakeOpencast, basic: Server, slash: str
) -> None:
    with Http(replace(basic, url=server.url + slash)) as http:
        services = Services(http, {})
        assert services.capture_admin() == services.capture_admin() == server.url + "/capture-admin"
        assert services.scheduler() == server.url + "/recordings"
        assert services.ingest() == services.ingest() == server.url + "/ingest"
    assert len(server.called("GET", "/services/available.json")) == 4  # only ingest is asked again


def test_the_first_good_node_is_taken(server: FakeOpencast, http: Http) -> None:
    server.services = [
        service(INGEST, "http://a", "/ingest", maintenance=True),
        service(INGEST, "http://b", "/ingest", online=False),
        service(INGEST, "http://c", "/ingest", active="false"),
        service(INGEST, "http://d/", "/ingest"),
        service(INGEST, "http://e", "/ingest"),
    ]
    assert Services(http, {}).ingest() == "http://d/ingest"


def test_a_failing_refresh_keeps_the_last_address(server: FakeOpencast, http: Http) -> None:
    services = Services(http, {})
    server.faults.add("/services", faults.status(503))
    with pytest.raises(DeliveryError, match="503"):
        services.ingest()
    assert services.ingest() == server.url + "/ingest"
    server.services = []
    assert services.ingest() == server.url + "/ingest"
    server.stop()
    assert services.ingest() == server.url + "/ingest"
    server.start()
    with pytest.raises(DeliveryError, match=r"no org[.]opencastproject[.]scheduler"):
        services.scheduler()


def test_a_forgotten_address_is_asked_for_again(server: FakeOpencast, http: Http) -> None:
    services = Services(http, {})
    own = services.scheduler()
    server.services = [service(SCHEDULER, "http://new", "/recordings")]
    assert services.scheduler() == own
    services.forget()
    server.faults.add("/services", faults.status(503))
    assert services.scheduler() == own  # better than nothing, while the registry is away
    assert services.scheduler() == services.scheduler() == "http://new/recordings"
    assert len(server.called("GET", "/services/available.json")) == 3


def test_credentials_in_the_address_are_not_told(server: FakeOpencast, basic: Server) -> None:
    server.services = []
    told = replace(basic, url=server.url.replace("//", "//me:secret@"))
    with Http(told) as http, pytest.raises(DeliveryError, match="is available at the moment") as caught:
        Services(http, {}).scheduler()
    assert "secret" not in str(caught.value)


def test_an_override_asks_nobody(server: FakeOpencast, http: Http) -> None:
    assert Services(http, {INGEST: "http://inside:8080/ingest/"}).ingest() == "http://inside:8080/ingest"
    assert server.calls == []
