"""Delivery to the fake server over real HTTP."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opencast_server import FakeOpencast, faults

from pyca.config.settings import Server
from pyca.core.event import Attachment, Origin
from pyca.core.recording import UploadStep
from pyca.core.states import EventState
from pyca.ingest import opencast, operator
from pyca.ingest.choose import choose_target
from pyca.ingest.folder import FolderTarget
from pyca.ingest.opencast import OpencastTarget
from pyca.ingest.service import IngestService
from pyca.store import recordings
from tests.ingest.conftest import Bench
from tests.tools import wait_for

pytestmark = pytest.mark.system

S = EventState
CONTENTS = (b"camera" * 300_000, b"screen" * 1000)


@pytest.fixture
def server(bench: Bench, tmp_path: Path) -> Iterator[FakeOpencast]:
    with FakeOpencast(tmp_path / "server") as made:
        bench.settings = replace(
            bench.settings,
            agent=replace(bench.settings.agent, name="hall 1"),
            server=Server(
                url=made.url, auth_method="basic", username="admin", password="opencast",
                connect_timeout=60, stall_timeout=60,
            ),
        )  # fmt: skip
        yield made


def run(bench: Bench, **ingest: object) -> None:
    """Do one tick as a freshly started service would."""
    settings = replace(bench.settings, ingest=replace(bench.settings.ingest, **ingest))  # type: ignore[arg-type]
    service = IngestService(settings, bench.database, bench.clock, bench.pulse)
    try:
        service.tick()
    finally:
        service.close()


def steps(server: FakeOpencast) -> list[str]:
    return [call.path.split("/")[2] for call in server.calls if call.path.startswith("/ingest/")]


def check_delivered(server: FakeOpencast, bench: Bench) -> None:
    assert bench.state() is S.FINISHED_UPLOADING
    [workflow] = server.workflows
    assert workflow.package == "e1"
    tracks = [element for element in workflow.elements if element.kind == "track"]
    assert [track.flavor for track in tracks] == ["presenter/source", "presentation/source"]
    hashes = [hashlib.sha256(content).hexdigest() for content in CONTENTS]
    assert [track.file.sha256 for track in tracks] == hashes


def test_every_byte_arrives(server: FakeOpencast, bench: Bench) -> None:
    server.schedule("e1", "Lecture", 0, 1)
    bench.record(contents=CONTENTS, workflow="fast", workflow_parameters={"a.b.c": "true", "note": "ö"})
    run(bench)
    check_delivered(server, bench)
    assert steps(server) == ["createMediaPackageWithID", "addTrack", "addTrack", "ingest"]
    [workflow] = server.workflows
    assert workflow.definition == "fast"
    [final] = server.called("POST", "/ingest/ingest")
    del final.fields["mediaPackage"]
    assert final.fields == {
        "workflowInstanceId": "e1", "workflowDefinitionId": "fast", "a.b.c": "true", "note": "ö",
    }  # fmt: skip
    assert bench.upload().location == server.url
    assert bench.upload().bytes_sent == sum(map(len, CONTENTS))


def test_the_options_of_the_ingest_section(server: FakeOpencast, bench: Bench) -> None:
    server.schedule("e1", "Lecture", 0, 1)
    bench.record(
        contents=CONTENTS,
        workflow_parameters={"a.b": "1"},
        attachments=(
            Attachment("episode.xml", "application/xml", "<dublincore>ü</dublincore>"),
            Attachment("org.opencastproject.capture.agent.properties", "application/text", "x=y"),
            Attachment("series.xml", "application/xml", "<dublincore/>"),
        ),
    )
    run(bench, upload_catalogs=True, send_parameters=False, workflow="from-settings")
    check_delivered(server, bench)
    [workflow] = server.workflows
    assert workflow.definition == "from-settings"
    assert "a.b" not in server.called("POST", "/ingest/ingest")[0].fields
    catalogs = [element for element in workflow.elements if element.kind == "catalog"]
    assert [catalog.flavor for catalog in catalogs] == ["dublincore/episode", "dublincore/series"]
    assert catalogs[0].file.path.read_text("utf-8") == "<dublincore>ü</dublincore>"


def test_an_event_of_our_own_brings_its_metadata(server: FakeOpencast, bench: Bench) -> None:
    bench.record(contents=CONTENTS, origin=Origin.LOCAL, title="Q & A\x07", creator="Jürgen")
    run(bench)
    check_delivered(server, bench)
    [workflow] = server.workflows
    [catalog] = [element for element in workflow.elements if element.kind == "catalog"]
    assert catalog.flavor == "dublincore/episode"
    text = catalog.file.path.read_text("utf-8")
    for part in (
        "<dcterms:title>Q &amp; A</dcterms:title>",
        '<dcterms:created xsi:type="dcterms:W3CDTF">2026-03-27T08:26:40Z</dcterms:created>',
        "start=2026-03-27T08:26:40Z; end=2026-03-27T08:26:50Z; scheme=W3C-DTF;",
        "<dcterms:spatial>hall 1</dcterms:spatial>",
        "<dcterms:creator>Jürgen</dcterms:creator>",
    ):
        assert text.count(part) == 1


def test_an_id_that_the_server_refuses_is_replaced_the_same_way_every_time(bench: Bench) -> None:
    event = bench.record(contents=CONTENTS).event
    assert opencast.package_id(event) == "e1"
    odd = event.changed(uid="20260327@calendar.example/ü")
    assert opencast.package_id(odd) == opencast.package_id(odd) != odd.uid


@pytest.mark.parametrize(
    "fault", [faults.status(500), faults.status(503), faults.drop(), faults.html(), faults.redirect("/x")]
)
@pytest.mark.parametrize(
    ("path", "repeated"),
    [
        ("/services", []),
        ("/ingest/createMedia", ["createMediaPackageWithID"]),
        ("/ingest/addTrack", ["addTrack"]),
    ],
)
def test_a_step_that_failed_is_repeated(
    server: FakeOpencast, bench: Bench, path: str, repeated: list[str], fault: faults.Action
) -> None:
    bench.record(contents=CONTENTS)
    server.faults.add(path, fault)
    run(bench)
    assert bench.state() is S.FAILED_UPLOADING
    assert not bench.upload().permanent
    bench.clock.move(10)
    run(bench)
    check_delivered(server, bench)
    whole = ["createMediaPackageWithID", "addTrack", "addTrack", "ingest"]
    assert sorted(steps(server)) == sorted(whole + repeated)


@pytest.mark.parametrize("fault", [faults.drop(after=1_000_000), faults.no_reply()])
def test_the_second_track_is_resumed_where_it_broke(
    server: FakeOpencast, bench: Bench, fault: faults.Action
) -> None:
    bench.record(contents=tuple(reversed(CONTENTS)))
    server.faults.add("/ingest/addTrack", fault, skip=1)
    run(bench)
    assert (bench.upload().tracks_done, bench.upload().step) == (1, UploadStep.TRACKS)
    bench.clock.move(10)
    run(bench)
    assert bench.state() is S.FINISHED_UPLOADING
    assert steps(server) == ["createMediaPackageWithID", "addTrack", "addTrack", "addTrack", "ingest"]
    [workflow] = server.workflows
    assert [element.file.size for element in workflow.elements] == [6000, 1_800_000]


@pytest.mark.parametrize("fault", [faults.status(500), faults.status(503)])
def test_a_final_call_that_was_refused_is_repeated(
    server: FakeOpencast, bench: Bench, fault: faults.Action
) -> None:
    bench.record(contents=CONTENTS)
    server.faults.add("/ingest/ingest", fault)
    run(bench)
    assert bench.upload().step is UploadStep.TRACKS
    bench.clock.move(10)
    run(bench)
    check_delivered(server, bench)
    assert steps(server).count("addTrack") == 2


@pytest.mark.parametrize(
    ("fault", "patience"),
    [(faults.no_reply(), 60), (faults.hang(), 2), (faults.status(502), 60), (faults.truncate(20), 60)],
)
def test_a_final_call_without_an_answer_is_not_repeated(
    server: FakeOpencast, bench: Bench, fault: faults.Action, patience: float
) -> None:
    bench.settings = replace(bench.settings, server=replace(bench.settings.server, stall_timeout=patience))
    recording = bench.record(contents=CONTENTS)
    server.faults.add("/ingest/ingest", fault)
    for _ in range(3):
        run(bench, delete_after_upload=True)
        bench.clock.move(10_000)
    assert (bench.state(), bench.upload().step) == (S.FAILED_UPLOADING, UploadStep.AMBIGUOUS)
    assert steps(server).count("ingest") == 1
    assert recording.tracks[0].path.exists()
    operator.resolve(bench.database, bench.clock, "e1", delivered=True)
    assert bench.state() is S.FINISHED_UPLOADING


def test_a_wrong_password_is_tried_again(server: FakeOpencast, bench: Bench) -> None:
    good = bench.settings
    bench.settings = replace(good, server=replace(good.server, password="wrong"))
    bench.record(contents=CONTENTS)
    run(bench)
    assert bench.state() is S.FAILED_UPLOADING
    assert "check username, password" in bench.upload().error
    bench.settings = good
    bench.clock.move(10)
    run(bench)
    check_delivered(server, bench)


def test_digest_and_large_files_go_together(server: FakeOpencast, bench: Bench) -> None:
    bench.settings = replace(bench.settings, server=replace(bench.settings.server, auth_method="digest"))
    bench.record(contents=CONTENTS)
    run(bench)
    check_delivered(server, bench)


def test_a_stop_ends_a_hanging_transfer(server: FakeOpencast, bench: Bench) -> None:
    bench.record(contents=CONTENTS)
    server.faults.add("/ingest/addTrack", faults.hang())
    worker = threading.Thread(target=run, args=(bench,))
    worker.start()
    wait_for(lambda: "addTrack" in steps(server), "the transfer")
    bench.pulse.stop()
    worker.join(50)  # the transfer itself would wait for longer
    assert not worker.is_alive()
    assert (bench.state(), bench.upload().step) == (S.FINISHED_RECORDING, UploadStep.TRACKS)
    assert bench.upload().error == ""


def test_the_rate_limit_reaches_the_transfer(
    server: FakeOpencast, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[object] = []
    real = opencast.ingest.add_track

    def note(*arguments: object, rate: int, **more: object) -> str:
        rates.append(rate)
        return real(*arguments, rate=rate, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(opencast.ingest, "add_track", note)
    bench.record(contents=CONTENTS)
    run(bench, upload_rate=50_000_000)
    check_delivered(server, bench)
    assert rates == [50_000_000, 50_000_000]


def test_the_node_stays_the_same_within_a_delivery(server: FakeOpencast, bench: Bench) -> None:
    bench.record(contents=CONTENTS)
    server.faults.add("/ingest/addTrack", faults.status(503), skip=1)
    run(bench)
    node = bench.upload().node
    assert node == f"{server.url}/ingest"
    server.services = []
    bench.clock.move(10)
    run(bench)
    check_delivered(server, bench)


def test_begun_anew_the_old_package_is_discarded(server: FakeOpencast, bench: Bench) -> None:
    bench.record(contents=CONTENTS)
    server.faults.add("/ingest/ingest", faults.status(400))
    run(bench)
    assert bench.upload().permanent
    operator.retry(bench.database, bench.clock, "e1", anew=True)
    run(bench)
    check_delivered(server, bench)
    assert server.discarded == ["e1"]


def test_the_settings_choose_the_target(server: FakeOpencast, bench: Bench) -> None:
    target = choose_target(bench.settings, bench.clock, bench.pulse)
    assert isinstance(target, OpencastTarget)
    target.close()
    alone = replace(bench.settings, server=Server())
    assert isinstance(choose_target(alone, bench.clock, bench.pulse), FolderTarget)


@pytest.mark.parametrize(
    ("shows", "taken"), [("ingested", True), ("scheduled", False), ("nothing", False), ("forbidden", False)]
)
def test_an_unclear_end_is_settled_only_by_what_the_server_shows(
    server: FakeOpencast, bench: Bench, shows: Any, taken: bool
) -> None:
    server.schedule("e1", "Lecture", 0, 1)
    server.shows_package = shows
    server.faults.add("/ingest/ingest", faults.no_reply())
    bench.record(contents=CONTENTS)
    run(bench)
    assert bench.upload().step is UploadStep.AMBIGUOUS
    bench.clock.move(60)
    run(bench)
    assert bench.state() is (S.FINISHED_UPLOADING if taken else S.FAILED_UPLOADING)
    assert len(server.called("GET", "/recordings/e1/mediapackage.xml")) == 1
    assert len(server.called("POST", "/ingest/ingest")) == 1
    if taken:
        check_delivered(server, bench)
    else:
        assert (bench.upload().step, bench.upload().attempts) == (UploadStep.AMBIGUOUS, 1)


def test_a_final_call_that_never_arrived_stays_unclear(server: FakeOpencast, bench: Bench) -> None:
    server.schedule("e1", "Lecture", 0, 1)
    server.shows_package = "ingested"
    server.faults.add("/ingest/ingest", faults.status(502))
    bench.record(contents=CONTENTS)
    run(bench)
    bench.clock.move(60)
    run(bench)
    assert bench.upload().step is UploadStep.AMBIGUOUS
    assert not server.workflows


def test_an_earlier_delivery_of_the_same_event_is_not_taken_for_this_one(
    server: FakeOpencast, bench: Bench
) -> None:
    server.schedule("e1", "Lecture", 0, 1)
    server.shows_package = "ingested"
    bench.record(contents=CONTENTS)
    run(bench)
    with bench.database.write() as session:
        recordings.set_state(session, "e1", S.UPLOADING, bench.clock.now())
        recordings.set_state(session, "e1", S.FAILED_UPLOADING, bench.clock.now())
    server.finish_workflows()
    operator.retry(bench.database, bench.clock, "e1", anew=True)
    server.faults.add("/ingest/ingest", faults.status(502))
    run(bench)
    bench.clock.move(60)
    run(bench)
    assert bench.upload().step is UploadStep.AMBIGUOUS
