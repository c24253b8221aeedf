"""What people may do about the stream."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pyca.config.settings import Live, Settings
from pyca.core.control import HIDDEN, Control, ParameterError
from pyca.core.errors import UsageError
from pyca.core.live import LiveReport, LiveState
from pyca.core.states import ServiceName, ServiceState
from pyca.live.service import operator, places
from pyca.live.service.operator import StateError
from pyca.live.service.places import UnknownDestinationError
from pyca.store import live, services
from pyca.store.database import Database
from tests.tools import FakeClock

SETTINGS = Settings(live=Live(url="rtmp://localhost/app", stream_key="secret"))
S = LiveState


@pytest.fixture
def beating(database: Database, clock: FakeClock) -> None:
    """The live service lives."""
    with database.write() as session:
        services.beat(session, ServiceName.LIVE, ServiceState.IDLE, "", clock.now())


def tell(database: Database, clock: FakeClock, state: LiveState, *, orders: int | None = None) -> None:
    """Report as the service does, of all orders unless told otherwise."""
    with database.write() as session:
        known = operator.setup(session, SETTINGS).orders if orders is None else orders
        live.save_report(session, LiveReport(state, at=clock.now()), known)
        services.beat(session, ServiceName.LIVE, ServiceState.IDLE, "", clock.now())


def status(database: Database, clock: FakeClock) -> LiveReport:
    with database.read() as session:
        return operator.status(session, SETTINGS, clock)


def control(database: Database, settings: Settings = SETTINGS) -> Control:
    with database.read() as session:
        return operator.control(session, settings)


@pytest.mark.usefixtures("beating")
def test_started_twice_is_refused_before_the_service_has_seen_the_first(
    database: Database, clock: FakeClock
) -> None:
    operator.start(database, SETTINGS, clock)
    assert status(database, clock).state is S.PREPARING
    with pytest.raises(StateError, match="preparing"):
        operator.start(database, SETTINGS, clock)


@pytest.mark.usefixtures("beating")
def test_a_start_with_stopped_destinations_alone_says_so(database: Database, clock: FakeClock) -> None:
    places.stop(database, SETTINGS, clock, "main")
    with pytest.raises(StateError, match=r"stopped.*start a destination"):
        operator.start(database, SETTINGS, clock)


@pytest.mark.usefixtures("beating")
def test_a_report_of_before_the_start_does_not_take_it_back(database: Database, clock: FakeClock) -> None:
    operator.start(database, SETTINGS, clock)
    tell(database, clock, S.IDLE, orders=0)
    assert status(database, clock).state is S.PREPARING


@pytest.mark.usefixtures("beating")
def test_stop_is_stopping_until_the_service_has_done_it(database: Database, clock: FakeClock) -> None:
    operator.start(database, SETTINGS, clock)
    tell(database, clock, S.STREAMING)
    operator.stop(database, SETTINGS, clock)
    assert status(database, clock).state is S.STOPPING
    for refused in (operator.stop, operator.start):
        with pytest.raises(StateError, match="stopping"):
            refused(database, SETTINGS, clock)
    tell(database, clock, S.IDLE)
    assert status(database, clock).state is S.IDLE
    operator.start(database, SETTINGS, clock)


@pytest.mark.usefixtures("beating")
def test_stop_while_preparing_is_legal_and_while_idle_is_not(database: Database, clock: FakeClock) -> None:
    with pytest.raises(StateError, match="nothing to stop"):
        operator.stop(database, SETTINGS, clock)
    operator.start(database, SETTINGS, clock)
    operator.stop(database, SETTINGS, clock)
    with database.read() as session:
        assert not operator.setup(session, SETTINGS).wanted


@pytest.mark.usefixtures("beating")
def test_what_is_streamed_for_an_event_can_be_stopped(database: Database, clock: FakeClock) -> None:
    tell(database, clock, S.STREAMING)
    operator.stop(database, SETTINGS, clock)
    with database.read() as session:
        assert operator.setup(session, SETTINGS).stopped == clock.now()


@pytest.mark.usefixtures("beating")
def test_nothing_starts_without_an_address(database: Database, clock: FakeClock) -> None:
    with pytest.raises(StateError, match="nothing to stream to"):
        operator.start(database, Settings(), clock)


def test_nothing_starts_without_the_service(database: Database, clock: FakeClock) -> None:
    with pytest.raises(StateError, match="pyca-live"):
        operator.start(database, SETTINGS, clock)
    assert status(database, clock).error == operator.DEAD


def test_a_stream_that_is_not_told_of_any_more_is_none(database: Database, clock: FakeClock) -> None:
    tell(database, clock, S.STREAMING)
    clock.move(14)
    assert status(database, clock).state is S.STREAMING
    clock.move(2)
    assert status(database, clock) == LiveReport(
        error="the live service has said nothing for 16 s", at=clock.now() - 16
    )
    clock.move(90)
    assert status(database, clock).error == operator.DEAD


def test_what_a_dead_service_would_resume_can_be_stopped(database: Database, clock: FakeClock) -> None:
    tell(database, clock, S.IDLE)
    operator.start(database, SETTINGS, clock)
    clock.move(1000)
    operator.stop(database, SETTINGS, clock)
    with pytest.raises(StateError):
        operator.stop(database, SETTINGS, clock)


@pytest.mark.usefixtures("beating")
def test_giving_up_does_not_take_back_a_later_start(database: Database, clock: FakeClock) -> None:
    operator.start(database, SETTINGS, clock)
    with database.write() as session:
        live.give_up(session, 0, clock.now())
        assert operator.setup(session, SETTINGS).wanted
        live.give_up(session, 1, clock.now())
        assert not operator.setup(session, SETTINGS).wanted


def test_the_configuration_counts_until_something_else_is_set(database: Database, clock: FakeClock) -> None:
    other = replace(SETTINGS, live=replace(SETTINGS.live, resolution="720p"))
    operator.blind(database, clock, on=True)
    assert control(database, other).bitrate == 2_500_000
    assert operator.change_control(database, SETTINGS, clock, {"fps": 30}).fps == 30
    assert control(database, other).resolution == "360p"
    assert control(database, other).name == "secret"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"resolution": "720p", "url": "ftp://host/x"}, "url"),
        ({"url": "rtmp:///app", "fps": 30}, "url"),
        ({"fps": 30, "bitrate": "8x"}, "bitrate"),
        ({"fps": 30, "colour": "red"}, "colour"),
        ({"fps": 30, "name": 5}, "name"),
    ],
)
def test_a_change_is_made_as_a_whole_or_not_at_all(
    database: Database, clock: FakeClock, values: dict[str, object], name: str
) -> None:
    before = control(database)
    with pytest.raises(ParameterError) as caught:
        operator.change_control(database, SETTINGS, clock, values)
    assert caught.value.name == name
    assert control(database) == before


def test_a_hidden_key_stays_and_an_empty_one_goes(database: Database, clock: FakeClock) -> None:
    moved = operator.change_control(
        database, SETTINGS, clock, {"name": HIDDEN, "url": "rtmp://localhost/live"}
    )
    assert (moved.name, moved.url) == ("secret", "rtmp://localhost/live")
    assert moved == control(database)
    operator.change_control(database, SETTINGS, clock, {"name": ""})
    assert control(database).name == ""


def test_destinations_come_and_go(database: Database, clock: FakeClock) -> None:
    more = places.add(database, SETTINGS, clock, {"label": "two", "url": "rtmp://b.example/app", "key": "k"})
    moved = places.change(database, SETTINGS, clock, more.id, {"key": HIDDEN, "label": "zwei"})
    assert (moved.key, moved.label) == ("k", "zwei")
    places.stop(database, SETTINGS, clock, more.id)
    with database.read() as session:
        main, other = operator.listed(session, SETTINGS)
    assert main == operator.first_destination(SETTINGS)
    assert other == replace(moved, wanted=False)
    places.remove(database, SETTINGS, clock, more.id)
    places.remove(database, SETTINGS, clock, "main")
    with database.read() as session:
        assert [one.url for one in operator.listed(session, SETTINGS)] == [""]


def test_restarts_are_counted_for_the_service(database: Database, clock: FakeClock) -> None:
    places.restart(database, SETTINGS, clock, "main")
    places.stop(database, SETTINGS, clock, "main")
    with pytest.raises(ParameterError):
        places.add(database, SETTINGS, clock, {"label": "nowhere"})
    places.start(database, SETTINGS, clock, "main")
    with database.read() as session:
        assert operator.setup(session, SETTINGS).restarts == {"main": 2}


@pytest.mark.parametrize("do", [places.start, places.stop, places.restart, places.remove])
def test_there_is_no_such_destination(
    database: Database, clock: FakeClock, do: Callable[[Database, Settings, FakeClock, str], None]
) -> None:
    with pytest.raises(UnknownDestinationError, match="nobody"):
        do(database, SETTINGS, clock, "nobody")


def test_a_stopped_destination_cannot_be_restarted(database: Database, clock: FakeClock) -> None:
    places.stop(database, SETTINGS, clock, "main")
    with pytest.raises(UsageError, match="stopped"):
        places.restart(database, SETTINGS, clock, "main")


def test_the_source_is_changed_as_a_whole(database: Database, clock: FakeClock) -> None:
    assert operator.change_source(database, SETTINGS, clock, {"input": "test", "hflip": True}).hflip
    for wrong in ({"input": "screen", "hflip": "yes"}, {"input": "screen", "zoom": 2}):
        with pytest.raises(ParameterError):
            operator.change_source(database, SETTINGS, clock, wrong)
    with database.read() as session:
        assert operator.setup(session, SETTINGS).source.input == "test"


def test_the_player_page_is_shared_by_a_new_secret_each_time(database: Database, clock: FakeClock) -> None:
    first, second = operator.share(database, clock), operator.share(database, clock)
    assert first != second
    with database.read() as session:
        assert operator.setup(session, SETTINGS).share == second
    operator.unshare(database, clock)
    with database.read() as session:
        assert operator.setup(session, SETTINGS).share == ""


def test_a_big_platform_is_known_by_its_name(database: Database, clock: FakeClock) -> None:
    moved = operator.change_control(database, SETTINGS, clock, {"url": "youtube", "name": "k"})
    assert moved.url == "rtmps://a.rtmps.youtube.com:443/live2"
    for nowhere in ("custom", "example"):
        with pytest.raises(ParameterError, match="addres"):
            operator.change_control(database, SETTINGS, clock, {"url": nowhere})


def test_an_address_that_was_shown_without_its_passphrase_keeps_it(
    database: Database, clock: FakeClock
) -> None:
    whole = "srt://b.example:9000?passphrase=longenough123"
    more = places.add(database, SETTINGS, clock, {"url": whole})
    sent_back = {"url": f"srt://b.example:9000?passphrase={HIDDEN}", "label": "two"}
    assert places.change(database, SETTINGS, clock, more.id, sent_back).url == whole


def test_what_waits_for_its_next_try_can_be_stopped_and_not_started_again(
    database: Database, clock: FakeClock
) -> None:
    tell(database, clock, S.IDLE)
    operator.start(database, SETTINGS, clock)
    # The service was just started again: it has begun nothing yet.
    tell(database, clock, S.IDLE)
    assert status(database, clock).state is S.PREPARING
    with pytest.raises(StateError, match="preparing"):
        operator.start(database, SETTINGS, clock)
    # It lives, and has not told of the stream for long.
    tell(database, clock, S.PREPARING)
    clock.move(16)
    with database.write() as session:
        services.beat(session, ServiceName.LIVE, ServiceState.IDLE, "", clock.now())
    with pytest.raises(StateError, match="preparing"):
        operator.start(database, SETTINGS, clock)
    operator.stop(database, SETTINGS, clock)
    tell(database, clock, S.IDLE)
    assert status(database, clock).state is S.IDLE


def test_while_it_stops_the_only_help_is_to_wait(database: Database, clock: FakeClock) -> None:
    tell(database, clock, S.STOPPING)
    with pytest.raises(StateError, match=r"stopping \(wait until it is idle\)") as refused:
        operator.start(database, SETTINGS, clock)
    assert refused.value.state is S.STOPPING


def test_a_removed_destination_leaves_nothing_behind(database: Database, clock: FakeClock) -> None:
    added = places.add(database, SETTINGS, clock, {"url": "rtmp://localhost/app"})
    places.restart(database, SETTINGS, clock, added.id)
    places.restart(database, SETTINGS, clock, "main")
    places.remove(database, SETTINGS, clock, added.id)
    with database.read() as session:
        assert operator.setup(session, SETTINGS).restarts == {"main": 1}


@pytest.mark.parametrize(
    "values",
    [
        {"url": "rtmp://evil.example.org/app"},
        {"url": "rtmp://localhost:1936/app", "name": HIDDEN},
        {"url": "rtmps://localhost/app"},
        {"url": "youtube"},
    ],
)
def test_a_stored_key_goes_to_no_other_server(
    database: Database, clock: FakeClock, values: dict[str, str]
) -> None:
    assert operator.change_control(database, SETTINGS, clock, values).name == ""


def test_a_stored_key_goes_to_no_other_server_as_its_backup(database: Database, clock: FakeClock) -> None:
    after = places.change(database, SETTINGS, clock, "main", {"backup": "rtmp://evil.example.org/app"})
    assert (after.key, after.url) == ("", "rtmp://localhost/app")
    # The two servers of a platform belong together.
    places.change(database, SETTINGS, clock, "main", {"url": "youtube", "key": "ours"})
    assert places.change(database, SETTINGS, clock, "main", {"backup": "youtube"}).key == "ours"


def test_a_key_within_an_address_is_stored_as_one(database: Database, clock: FakeClock) -> None:
    after = operator.change_control(database, SETTINGS, clock, {"url": "rtmp://localhost/live2/NEWKEY"})
    assert (after.url, after.name) == ("rtmp://localhost/live2", "NEWKEY")
    other = replace(SETTINGS, live=Live(url="rtmp://localhost/live2/OLDKEY"))
    main = operator.first_destination(other)
    assert (main.url, main.key) == ("rtmp://localhost/live2", "OLDKEY")
    backup = {"url": "rtmp://a/x/k1", "backup": "rtmp://b/x?backup=1/k1"}
    both = places.change(database, SETTINGS, clock, "main", backup)
    assert (both.url, both.key, both.backup) == ("rtmp://a/x", "k1", "rtmp://b/x?backup=1")


@pytest.mark.parametrize("name", ["url", "backup"])
def test_stars_are_no_password(database: Database, clock: FakeClock, name: str) -> None:
    places.change(database, SETTINGS, clock, "main", {name: "rtmp://u:pw@localhost/app"})
    with pytest.raises(ParameterError, match="again") as caught:
        places.change(database, SETTINGS, clock, "main", {name: f"rtmp://u:{HIDDEN}@other/app"})
    assert caught.value.name == name
    operator.change_source(database, SETTINGS, clock, {"input": "rtsp://a:pw@cam/x"})
    with pytest.raises(ParameterError, match="again"):
        operator.change_source(database, SETTINGS, clock, {"input": f"rtsp://a:{HIDDEN}@other/x"})
