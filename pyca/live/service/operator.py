"""What people may do about the stream, from the page, the interface and the command line."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from pyca.config.settings import Settings
from pyca.core import control as parameters
from pyca.core.clock import Clock
from pyca.core.control import Control
from pyca.core.errors import UsageError
from pyca.core.live import (
    MAIN,
    Destination,
    LiveReport,
    LiveState,
    Setup,
    Source,
)
from pyca.core.states import ServiceName
from pyca.live.send.presets import PRESETS
from pyca.live.service import targets
from pyca.live.service.heard import is_silent, runs
from pyca.runtime.bell import ring
from pyca.store import destinations, live, services
from pyca.store.database import Database

DEAD = "the live service does not run"
_START_IT = "start it: “systemctl start pyca-live” or “pyca live”"
T = TypeVar("T")
_UNDER_WAY = (LiveState.PREPARING, LiveState.STREAMING)


class StateError(UsageError):
    """What was asked for is not possible in the present state.

    :param state: what the streamer does
    """

    def __init__(self, state: LiveState, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.state = state


def first_setup(settings: Settings) -> Setup:
    """Return what counts until somebody sets it otherwise: the configuration."""
    ours = settings.live
    return Setup(ours.profile, Source(ours.input, ours.encoder, ours.hflip, ours.vflip))


def first_destination(settings: Settings) -> Destination:
    """Return the main destination as the configuration has it; a platform by its name has its backup too."""
    ours = settings.live
    preset = PRESETS.get(ours.url.lower())
    url, backup = (preset.url, ours.backup or preset.backup) if preset else (ours.url, ours.backup)
    return targets.with_key(Destination(MAIN, url, ours.stream_key, backup=backup))


def setup(session: Session, settings: Settings) -> Setup:
    """Return what is wanted of the streamer."""
    return live.setup(session, first_setup(settings))


def listed(session: Session, settings: Settings) -> list[Destination]:
    """Return all destinations with their keys, the main one first."""
    return destinations.listed(session, first_destination(settings))


def status(session: Session, settings: Settings, clock: Clock) -> LiveReport:
    """Return how the streamer does: what it told last, and what it was told to do since.

    A service that is dead or silent streams nothing, as far as anybody can know. One that is to stream and
    does not yet, because it was just started or waits for its next try, prepares.
    """
    told = live.report(session)
    now = clock.now()
    if not runs(services.statuses(session, now), now):
        return LiveReport(error=DEAD, at=told.at)
    wanted = setup(session, settings)
    if wanted.orders != live.reported_orders(session):
        if wanted.wanted:
            return LiveReport(LiveState.PREPARING, since=wanted.changed, at=told.at)
        return replace(told, state=LiveState.STOPPING)
    waits = LiveState.PREPARING if wanted.wanted else LiveState.IDLE
    if is_silent(told, now):
        return LiveReport(
            waits, error=f"the live service has said nothing for {now - told.at:.0f} s", at=told.at
        )
    # Whoever is idle with an error has given up, and is about to want no stream any longer.
    return replace(told, state=waits) if told.state is LiveState.IDLE and not told.error else told


def control(session: Session, settings: Settings) -> Control:
    """Return the control data: the profile and the main destination, with its key."""
    profile = setup(session, settings).profile
    main = listed(session, settings)[0]
    return Control(
        main.key, main.url, profile.resolution, profile.bitrate, profile.audio, profile.fps, profile.quality
    )


def change_control(
    database: Database, settings: Settings, clock: Clock, values: Mapping[str, Any]
) -> Control:
    """Change parameters and the main destination, all of what is given or nothing; return the new data.

    The url may be the name of a big platform. A running stream changes with it.

    :raises ParameterError: naming the first value that cannot be
    """
    return perform(database, lambda session: change_control_within(session, settings, values, clock.now()))


def change_control_within(
    session: Session, settings: Settings, values: Mapping[str, Any], now: float
) -> Control:
    """Do so within a transaction; live is to be woken afterwards.

    :raises ParameterError: naming the first value that cannot be
    """
    live.setup(session, first_setup(settings), held=True)
    before = control(session, settings)
    after = parameters.changed(before, values)
    main = listed(session, settings)[0]
    given = {name: values[name] for name in ("name", "url") if name in values}
    if given:
        told = {"key" if name == "name" else name: value for name, value in given.items()}
        moved = targets.changed(main, told)
        destinations.save(session, moved)
        after = replace(after, name=moved.key, url=moved.url)
    if after.profile != before.profile:
        live.change_profile(session, after.profile, now)
    live.touch(session, now)
    return after


def change_source(database: Database, settings: Settings, clock: Clock, values: Mapping[str, Any]) -> Source:
    """Change where pictures come from, all of what is given or nothing; return what counts now.

    :param values: input, encoder, hflip, vflip
    :raises ParameterError: naming the first value that cannot be
    """
    return perform(database, lambda session: change_source_within(session, settings, values, clock.now()))


def change_source_within(
    session: Session, settings: Settings, values: Mapping[str, Any], now: float
) -> Source:
    """Do so within a transaction; live is to be woken afterwards.

    :raises ParameterError: naming the first value that cannot be
    """
    before = live.setup(session, first_setup(settings), held=True).source
    after = targets.changed_source(before, values)
    live.change_source(session, after, now)
    return after


def start(database: Database, settings: Settings, clock: Clock) -> None:
    """Start to stream.

    :raises StateError: where it streams already, or nobody could
    """
    perform(database, lambda session: start_within(session, settings, clock))


def start_within(session: Session, settings: Settings, clock: Clock) -> None:
    """Do so within a transaction; live is to be woken afterwards.

    :raises StateError: where it streams already, or nobody could
    """
    live.setup(session, first_setup(settings), held=True)
    told = status(session, settings, clock)
    if not runs(services.statuses(session, clock.now()), clock.now()):
        raise StateError(LiveState.IDLE, DEAD, _START_IT)
    if told.state is LiveState.STOPPING:
        raise StateError(told.state, "the streamer is stopping", "wait until it is idle")
    if told.state is not LiveState.IDLE:
        raise StateError(told.state, f"the streamer is {told.state} already", "stop it first")
    known = [one for one in listed(session, settings) if one.url]
    if not known:
        raise StateError(told.state, "nothing to stream to is set", "set the url of a destination first")
    if not any(one.wanted for one in known):
        raise StateError(told.state, "every destination is stopped", "start a destination first")
    live.order(session, clock.now(), wanted=True)


def stop(database: Database, settings: Settings, clock: Clock) -> None:
    """Stop to stream, also what is streamed for a scheduled event.

    :raises StateError: where nothing is streamed
    """
    perform(database, lambda session: stop_within(session, settings, clock))


def stop_within(session: Session, settings: Settings, clock: Clock) -> None:
    """Do so within a transaction; live is to be woken afterwards.

    :raises StateError: where nothing is streamed
    """
    wanted = live.setup(session, first_setup(settings), held=True)
    told = status(session, settings, clock)
    # Also of a service that is away, which would go on with what is wanted as soon as it is back.
    if told.state not in _UNDER_WAY and not wanted.wanted:
        raise StateError(told.state, f"the streamer is {told.state}", "there is nothing to stop")
    live.order(session, clock.now(), wanted=False)


def blind(database: Database, clock: Clock, *, on: bool) -> None:
    """Show the standby picture and send silence, or no longer; recordings are left alone."""
    perform(database, lambda session: live.blind(session, clock.now(), on=on))


def share(database: Database, clock: Clock) -> str:
    """Make the player page public; return the secret part of its address, a new one each time."""
    secret = secrets.token_urlsafe(16)
    perform(database, lambda session: live.share(session, secret, clock.now()))
    return secret


def unshare(database: Database, clock: Clock) -> None:
    """Take the player page's address back."""
    perform(database, lambda session: live.share(session, "", clock.now()))


def perform(database: Database, change: Callable[[Session], T]) -> T:
    """Change something in one transaction and wake the service.

    :return: what the change returns
    """
    with database.write() as session:
        told = change(session)
    ring(database.scope, ServiceName.LIVE)
    return told
