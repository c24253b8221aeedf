import hashlib
import time
from pathlib import Path

import pytest
from opencast_server import FakeOpencast, faults

from pyca.core.errors import DeliveryError
from pyca.opencast import ingest
from pyca.opencast.http import Http

PREFIX = "org.opencastproject.workflow."
CATALOG = (
    '<dublincore xmlns:dcterms="http://purl.org/dc/terms/"><dcterms:title>Ü</dcterms:title></dublincore>'
)


@pytest.fixture
def node(server: FakeOpencast) -> str:
    return server.url + "/ingest"


@pytest.fixture
def track(tmp_path: Path) -> Path:
    path = tmp_path / "camera.mp4"
    path.write_bytes(b"\r\n--boundary" * 100_000)
    return path


def test_a_whole_delivery(server: FakeOpencast, http: Http, node: str, track: Path) -> None:
    now = time.time()
    stored = {PREFIX + "definition": "fast", PREFIX + "config.cut": "false", PREFIX + "config.a.b": "1"}
    server.schedule("uid-1", "Lecture", now, now + 60, **stored)
    package = ingest.create(http, node, "uid-1")
    package = ingest.add_track(http, node, package, track, "presenter/source", tags="a,b")
    package = ingest.add_track(http, node, package, track, "presentation/source", rate=50_000_000)
    package = ingest.add_catalog(http, node, package, CATALOG)
    answer = ingest.finish(http, node, package, "uid-1", parameters={"cut": "true", "c.d": "x"})
    assert "<workflow" in answer
    (workflow,) = server.workflows
    assert (workflow.package, workflow.definition) == ("uid-1", "fast")
    assert workflow.parameters == {"cut": "true", "a.b": "1", "c.d": "x"}
    flavors = [(element.kind, element.flavor, element.tags) for element in workflow.elements]
    assert flavors == [
        ("track", "presenter/source", "a,b"),
        ("track", "presentation/source", ""),
        ("catalog", "dublincore/episode", ""),
    ]
    assert workflow.elements[0].file.sha256 == hashlib.sha256(track.read_bytes()).hexdigest()
    assert workflow.elements[2].file.path.read_text("utf-8") == CATALOG


def test_a_chosen_workflow_and_a_huge_package(
    server: FakeOpencast, http: Http, node: str, track: Path
) -> None:
    package = ingest.add_track(http, node, ingest.create(http, node, "u"), track, "presenter/source")
    package = package.replace("</mediapackage>", f"<!--{'x' * 2_000_000}--></mediapackage>")
    ingest.finish(http, node, package, "u", workflow="publish")
    assert server.workflows[0].definition == "publish"


def test_a_lost_reply_is_harmless_for_a_track(
    server: FakeOpencast, http: Http, node: str, track: Path
) -> None:
    package = ingest.create(http, node, "u")
    server.faults.add("/ingest/addTrack", faults.no_reply())
    with pytest.raises(DeliveryError) as caught:
        ingest.add_track(http, node, package, track, "presenter/source")
    assert caught.value.unanswered
    package = ingest.add_track(http, node, package, track, "presenter/source")
    ingest.finish(http, node, package, "u")
    assert len(server.workflows[0].elements) == 1


def test_a_lost_reply_is_ambiguous_for_the_final_call(server: FakeOpencast, http: Http, node: str) -> None:
    package = ingest.create(http, node, "u")
    server.faults.add("/ingest/ingest", faults.no_reply())
    with pytest.raises(DeliveryError) as caught:
        ingest.finish(http, node, package, "u")
    assert caught.value.unanswered
    assert len(server.workflows) == 1
    with pytest.raises(DeliveryError, match="another workflow is active"):
        ingest.finish(http, node, package, "u")
    server.finish_workflows()
    ingest.finish(http, node, package, "u")
    assert len(server.workflows) == 2  # as the real one: a blind retry starts a second run


@pytest.mark.parametrize("body", [b"", b"<mediapackage", b"<other/>", b"OK"])
def test_an_answer_without_package_is_an_error(
    server: FakeOpencast, http: Http, node: str, body: bytes
) -> None:
    server.faults.add("/ingest/", faults.body(body, "text/xml"), times=2)
    with pytest.raises(DeliveryError) as caught:
        ingest.create(http, node, "u")
    assert not caught.value.unanswered
    with pytest.raises(DeliveryError) as caught:
        ingest.finish(http, node, "<mediapackage/>", "u")
    assert caught.value.unanswered


def test_bad_packages_are_permanent(server: FakeOpencast, http: Http, node: str, track: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        ingest.add_track(http, node, "no xml", track, "presenter/source")
    assert caught.value.permanent


def test_discard(server: FakeOpencast, http: Http, node: str) -> None:
    ingest.discard(http, node, ingest.create(http, node, "u"))
    assert server.discarded == ["u"]


def test_an_id_with_odd_characters(server: FakeOpencast, http: Http, node: str) -> None:
    ingest.create(http, node, "a;(b):c")
    assert server.packages == {"a;(b):c"}


def _package(*tracks: str) -> str:
    inner = "".join(tracks)
    space = "http://mediapackage.opencastproject.org"
    return f'<mediapackage xmlns="{space}" id="e"><media>{inner}</media></mediapackage>'


def _track(name: str, flavor: str = "presenter/source", facts: str = "") -> str:
    return f'<track id="{name}" type="{flavor}">{facts}</track>'


ONE, TWO = _track("1", facts="<size>7</size>"), _track("2", "presentation/source")


@pytest.mark.parametrize(
    ("stored", "same"),
    [
        (_package(ONE, TWO), True),
        (_package(TWO, _track("9", "presenter/preview"), ONE), True),
        (_package(_track("1", facts="<checksum>ab</checksum>"), TWO), True),
        (_package(ONE), False),
        (_package(), False),
        (_package(_track("3"), TWO), False),
        (_package(_track("1", "presenter/other", "<size>7</size>"), TWO), False),
        (_package(_track("1", facts="<size>8</size>"), TWO), False),
        ("", False),
        ("<html>the server is being updated<br></html>", False),
    ],
)
def test_a_stored_package_holds_all_tracks_or_none_counts(stored: str, same: bool) -> None:
    assert ingest.holds_tracks(stored, _package(ONE, TWO)) is same


@pytest.mark.parametrize("sent", ["", _package()])
def test_a_package_without_tracks_proves_nothing(sent: str) -> None:
    assert not ingest.holds_tracks(_package(ONE, TWO), sent)
