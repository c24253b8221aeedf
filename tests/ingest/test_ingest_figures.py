"""What deliveries count: bytes while they go, seconds once, failures by their kind."""

import pytest

from pyca.core.errors import DeliveryError
from pyca.core.states import EventState
from pyca.ingest import operator
from pyca.store import figures
from pyca.store.figures import Figure
from tests.ingest.conftest import Bench
from tests.tools import counting_last


def value(bench: Bench, name: str, label: str = "") -> float:
    with bench.database.read() as session:
        return figures.read(session).get((name, label), 0.0)


def test_a_delivery_is_counted_once_however_often_it_is_repeated(bench: Bench) -> None:
    bench.record()
    service = bench.service()
    with counting_last(bench.database.engine):
        service.tick()
    assert value(bench, Figure.UPLOAD_BYTES) == 6
    assert value(bench, Figure.DELIVERED_SECONDS) == 10
    with bench.database.write() as session:
        operator.repeat_within(session, "e1", bench.clock.now(), there=True)
    service.tick()
    assert bench.state() is EventState.FINISHED_UPLOADING
    assert value(bench, Figure.UPLOAD_BYTES) == 12
    assert value(bench, Figure.DELIVERED_SECONDS) == 10


def test_bytes_count_while_they_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.record(contents=(b"x" * 100,))
    seen: list[float] = []

    def slow(self: object, recording: object, track: object, upload: object, progress: object) -> object:
        for sent in (30, 60):
            bench.clock.move(2)
            progress(sent)  # type: ignore[operator]
            seen.append(value(bench, Figure.UPLOAD_BYTES))
        raise DeliveryError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(bench.target), "add_track", slow)
        bench.service().tick()
    assert seen == [30, 60]
    bench.clock.move(3600)
    bench.service().tick()
    assert value(bench, Figure.UPLOAD_BYTES) == 160, "what went over the line a second time counts again"


def test_failures_and_retries(bench: Bench) -> None:
    bench.record()
    service = bench.service()
    bench.target.trouble["begin"] = DeliveryError("503 from the server")
    service.tick()
    assert value(bench, Figure.UPLOAD_FAILURES, "temporary") == 1
    assert value(bench, Figure.UPLOAD_RETRIES) == 0
    bench.clock.move(3600)
    bench.target.trouble["begin"] = DeliveryError("404", permanent=True)
    with counting_last(bench.database.engine):
        service.tick()
    assert value(bench, Figure.UPLOAD_FAILURES, "permanent") == 1
    assert value(bench, Figure.UPLOAD_RETRIES) == 1
    assert value(bench, Figure.DELIVERED_SECONDS) == 0


def test_an_unclear_end_counts_as_delivered_by_somebodys_word(bench: Bench) -> None:
    bench.record()
    bench.target.trouble["finish"] = DeliveryError("no answer", unanswered=True)
    with counting_last(bench.database.engine):
        bench.service().tick()
    assert value(bench, Figure.UPLOAD_FAILURES, "unclear") == 1
    with counting_last(bench.database.engine):
        operator.resolve(bench.database, bench.clock, "e1", delivered=True)
    assert value(bench, Figure.DELIVERED_SECONDS) == 10
