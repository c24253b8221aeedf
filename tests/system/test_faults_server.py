"""A server that fails: each delivery is tried until it works, the others go on, no recording waits."""

import re
import time

import pytest
from fake_opencast.reading import SERVICES, service
from opencast_server import FakeOpencast, faults

from pyca.core.states import EventState
from tests.measured import Measured
from tests.system_faults import PUNCTUAL, began_late, content, delivered
from tests.system_rig import Daemon, Rig, soon

pytestmark = pytest.mark.system

REASONS = {
    "addTrack answers 500": r"/addTrack: .*\(status 500",
    "addTrack answers 503": r"/addTrack: .*\(status 503",
    "createMediaPackage answers 503": r"/createMediaPackageWithID/\S+: .*\(status 503",
    "connection reset during the upload": r"/addTrack: the connection broke",
    "server hangs for 40 s (stall_timeout 3)": r"/addTrack: no answer in time",
}


def test_a_server_that_fails_in_many_ways(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url, server={"stall_timeout": 3}, capture={"max_parallel": 8})
    server.faults.add("/ingest/createMediaPackageWithID/e", faults.status(503))
    for fault in (faults.status(500), faults.status(503), faults.drop(after=20_000), faults.hang(40)):
        server.faults.add("/ingest/addTrack", fault)
    start = soon(8)
    uids = [f"e{number}" for number in range(1, 6)]
    for uid in uids:
        server.schedule(uid, f"Lecture {uid}", start, start + 4)
    server.schedule("meanwhile", "Meanwhile", start + 6, start + 9)
    agent = rig.start("run")
    tracks = {uid: delivered(rig, server, uid) for uid in (*uids, "meanwhile")}
    assert all(content(track) > 1.5 for track in tracks.values())
    assert len(server.workflows) == 6

    # Recorded while the server said nothing.
    hung = [call for call in server.called("POST", "/ingest/addTrack") if call.status == 0][-1]
    assert hung.moment < start + 6
    late = began_late(rig, "meanwhile")
    assert late < PUNCTUAL
    for fault, pattern in REASONS.items():
        title, pause = retried(agent, pattern)
        whole = moment_of_workflow(server, title.removeprefix("Lecture ")) - start - 4
        measured(f"9 {fault}", f"next try after {pause} s, delivered {whole:.1f} s after its end, 1 workflow")
    measured("9 an event that starts meanwhile", f"recorded {late * 1000:.0f} ms after its start")


def retried(agent: Daemon, pattern: str) -> tuple[str, str]:
    """Return the title of the event whose delivery failed for a reason, and the seconds to its next try."""
    found = re.findall(rf"“(.*)” is not delivered yet: \S*{pattern}.*; next try in (\d+) s", agent.output())
    assert len(found) == 1, f"{pattern}: {found}"
    title, pause = found[0]
    return title, pause


def moment_of_workflow(server: FakeOpencast, uid: str) -> float:
    calls = server.called("POST", "/ingest/ingest")
    return next(call.moment for call in calls if f'id="{uid}"' in call.fields["mediaPackage"])


def test_the_name_of_the_ingest_node_is_unknown(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url)
    server.services = [
        service(kind, "http://pyca-test.invalid" if kind.endswith("ingest") else server.url, path)
        for kind, path in SERVICES.items()
    ]
    with rig.up(server):
        start = soon(3)
        server.schedule("uid-1", "Nobody knows the name", start, start + 3)
        server.schedule("uid-2", "Meanwhile", start + 5, start + 8)
    one = rig.wait_for_state("uid-1", EventState.FAILED_UPLOADING)
    assert one.upload
    assert "pyca-test.invalid" in one.upload.error
    assert not one.upload.permanent
    rig.wait_for_state("uid-2", EventState.RECORDING)
    assert began_late(rig, "uid-2") < PUNCTUAL
    server.services = None
    known = time.time()
    for uid in ("uid-1", "uid-2"):
        delivered(rig, server, uid)
    measured("9 DNS does not know the ingest node", f"delivered {time.time() - known:.1f} s after it knows")


def test_an_expired_certificate(
    tmp_path_factory: pytest.TempPathFactory, rig: Rig, measured: Measured
) -> None:
    with FakeOpencast(tmp_path_factory.mktemp("opencast"), tls=True) as server:
        rig.connect(server.url, server={"certificate": server.certificate, "connect_timeout": 20})
        with rig.up(server) as agent:
            start = soon(3)
            server.schedule("uid-1", "Behind an old certificate", start, start + 3)
            server.schedule("uid-2", "Meanwhile", start + 5, start + 8)
        agent.says("2 added")
        server.stop()
        server.renew(days=-1)
        server.start()

        one = rig.wait_for_state("uid-1", EventState.FAILED_UPLOADING)
        assert one.upload
        assert "certificate has expired" in one.upload.error, one.upload.error
        assert not one.upload.permanent
        rig.wait_for_state("uid-2", EventState.RECORDING)
        assert began_late(rig, "uid-2") < PUNCTUAL
        assert not server.workflows
        server.stop()
        server.renew(days=7)
        server.start()
        renewed = time.time()
        for uid in ("uid-1", "uid-2"):
            delivered(rig, server, uid)
        measured(
            "9 certificate expired, then renewed",
            f"“the certificate has expired”, delivered {time.time() - renewed:.1f} s after its renewal",
        )
