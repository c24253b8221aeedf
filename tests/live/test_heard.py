"""Whether the streamer can be heard is told in one way everywhere."""

from dataclasses import replace

import pytest

from pyca.config.settings import Settings
from pyca.core.live import LiveReport, LiveState, Program
from pyca.core.states import ServiceName, ServiceState
from pyca.live.service import operator
from pyca.store import live, services
from pyca.store.database import Database
from pyca.ui.metrics.live import tell
from pyca.ui.metrics.sight import Live
from pyca.ui.view.live_words import streamed
from tests.tools import FakeClock


@pytest.mark.parametrize(
    ("silent", "beating", "expected"), [(14, True, True), (16, True, False), (91, False, False)]
)
def test_all_agree_whether_a_stream_is_on_air(
    database: Database, clock: FakeClock, silent: float, beating: bool, expected: bool
) -> None:
    with database.write() as session:
        services.beat(session, ServiceName.LIVE, ServiceState.BUSY, "", clock.now())
        live.save_report(session, LiveReport(LiveState.STREAMING, at=clock.now()), 0)
    clock.move(silent)
    with database.write() as session:
        if beating:
            services.beat(session, ServiceName.LIVE, ServiceState.BUSY, "", clock.now())
    with database.read() as session:
        report = operator.status(session, Settings(), clock)
        shown = streamed(session, services.statuses(session, clock.now()), clock.now())
        figures = tell(Live(live.report(session), wanted=False), clock.now())
    states = next(family for family in figures if family.name == "pyca_live_state")
    counted = {sample.labels["state"]: sample.value for sample in states.samples}
    told = [report.state, shown.state]
    assert [one is LiveState.STREAMING for one in told] == [expected] * 2
    assert bool(counted["streaming"]) is expected


def test_a_service_that_is_silent_does_not_run(database: Database, clock: FakeClock) -> None:
    with database.write() as session:
        services.beat(session, ServiceName.LIVE, ServiceState.BUSY, "", clock.now())
    clock.move(91)
    with database.write() as session:
        live.save_report(session, replace(LiveReport(LiveState.STREAMING), at=clock.now()), 0)
    with database.read() as session:
        assert operator.status(session, Settings(), clock).error == operator.DEAD
        shown = streamed(session, services.statuses(session, clock.now()), clock.now())
    assert shown.state is LiveState.IDLE and shown.program is Program.NOTHING
