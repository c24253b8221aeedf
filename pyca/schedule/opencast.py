"""The agent's calendar at its Opencast server."""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import CalendarError, DeliveryError
from pyca.core.event import Event, Origin
from pyca.opencast import calendar
from pyca.opencast.blocks import Block, split
from pyca.opencast.discovery import Services
from pyca.opencast.http import Http
from pyca.schedule.source import FULL_SECONDS, Fetched, Known, LeftOut, Mark

logger = logging.getLogger(__name__)

LONGEST_UID = 512
"""What the database takes."""
_NEVER = float("inf")
_START = re.compile(rb"\nDTSTART:(\d{8}T\d{6}Z)\r?\n")


class OpencastSource:
    """Reads ``/recordings/calendars`` conditionally, and only parses events that have changed.

    :param progress: called during transfers; True ends them
    """

    origin = Origin.OPENCAST
    name = "calendar"

    def __init__(self, settings: Settings, clock: Clock, progress: Callable[[], object]) -> None:
        self._agent = settings.agent.name
        self._days = settings.agent.cal_lookahead
        self._clock = clock
        self._progress = progress
        self._http = Http(settings.server, progress=progress)
        self._services = Services(self._http, settings.services)

    def fetch(self, known: Known, mark: Mark | None) -> Fetched:
        """Return the calendar.

        The server's tag only follows edits, so that a calendar is asked for without condition as soon as an
        event that was too far ahead comes near, and each hour, as some edits do not touch the tag.

        :raises CalendarError: where what came is no calendar
        :raises DeliveryError: where nothing came
        """
        believed = mark if mark and self._clock.now() < mark.until else None
        tag = believed.tag if believed else ""
        answer = self._ask(tag)
        if believed and answer is None:
            return Fetched(believed, None)
        if answer is None:
            raise CalendarError("the server says “unchanged” to an agent that knew nothing")
        digest = hashlib.sha256(answer.body).hexdigest()
        if believed and believed.digest == digest:
            return Fetched(replace(believed, tag=answer.etag), None)
        present, left_out = self._sort(answer.body, known(), mark.left_out if mark else {})
        until = min([self._clock.now() + FULL_SECONDS, *(each.wanted for each in left_out.values())])
        return Fetched(Mark(answer.etag, digest, until, left_out), present)

    def _ask(self, tag: str) -> calendar.Calendar | None:
        try:
            return calendar.fetch(self._http, self._services.scheduler(), self._agent, tag)
        except DeliveryError:
            self._services.forget()
            raise

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _sort(
        self, body: bytes, stored: Mapping[str, str], left_out: Mapping[str, LeftOut]
    ) -> tuple[dict[str, Event | None], dict[str, LeftOut]]:
        """Return the events for the schedule and those that are not for it, or not yet."""
        present: dict[str, Event | None] = {}
        omitted: dict[str, LeftOut] = {}
        for block in split(body):
            uid = block.uid
            if uid in present or uid in omitted:
                logger.warning("The calendar lists event “%s” twice; the first counts", uid)
            elif stored.get(uid) == block.fingerprint:
                present[uid] = None
            else:
                found = self._read(block, left_out.get(uid), uid in stored)
                if isinstance(found, LeftOut):
                    omitted[uid] = found
                else:
                    present[uid] = found
        return present, omitted

    def _read(self, block: Block, before: LeftOut | None, stored: bool) -> Event | LeftOut | None:
        """Return an event or why there is none; None where the stored one shall stay.

        What is far ahead is not even parsed. What was over when it was first seen never belongs in the
        schedule, what runs always does, and what has become unreadable is not cancelled by that.
        """
        now = self._clock.now()
        if before and before.fingerprint == block.fingerprint and before.wanted > now:
            return before
        self._progress()
        wanted = self._wanted(_start(block.data))
        if wanted > now:
            return LeftOut(block.fingerprint, wanted)
        event = _parse(block)
        if event is None and stored:
            return None
        if event is None or (event.end <= now and not stored):
            return LeftOut(block.fingerprint, _NEVER)
        wanted = self._wanted(event.start)
        return LeftOut(block.fingerprint, wanted) if wanted > now else event

    def _wanted(self, start: float) -> float:
        """Return from when on an event belongs in the schedule."""
        return start - self._days * 86400.0 if self._days else -_NEVER


def _start(data: bytes) -> float:
    """Return the start as Opencast writes it, without parsing the rest; other forms count as long ago."""
    found = _START.search(data)
    try:
        return datetime.fromisoformat(found[1].decode("ascii")).timestamp() if found else -_NEVER
    except ValueError:
        return -_NEVER


def _parse(block: Block) -> Event | None:
    """Return a block's event, None where it cannot be stored under its id."""
    if len(block.uid) > LONGEST_UID:
        logger.warning("event “%s…” left out: its id is too long", block.uid[:40])
        return None
    from pyca.opencast import ical  # takes its time to import, and most calendars bring nothing new

    event = ical.parse_block(block.data, block.fingerprint)
    if event and event.uid != block.uid:
        logger.warning("event “%s” left out: its id is ambiguous", block.uid)
        return None
    return event
