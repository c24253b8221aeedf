"""The tables. Rows stay in this room; the others see the dataclasses of ``pyca.core``."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

# Whoever asks for the base here is to know all tables by it.
from pyca.store import live_tables as live_tables
from pyca.store.base import Base as Base
from pyca.store.base import Key

SCHEMA = "0004"
"""The migration that this code was written for."""


class EventColumns:
    """What upcoming and recorded events have in common."""

    uid: Mapped[str] = mapped_column(String(512), primary_key=True)
    origin: Mapped[str] = mapped_column(String(20))
    title: Mapped[str]
    start: Mapped[float]
    end: Mapped[float]
    creator: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    location: Mapped[str] = mapped_column(default="")
    series: Mapped[str] = mapped_column(default="")
    inputs: Mapped[list[Any]] = mapped_column(default=list)
    workflow: Mapped[str] = mapped_column(default="")
    workflow_parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    properties: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    fingerprint: Mapped[str] = mapped_column(String(64), default="")


class UpcomingEvent(EventColumns, Base):
    """The schedule as it was last known."""

    __tablename__ = "upcoming_event"
    __table_args__ = (Index("upcoming_event_start", "start"), Index("upcoming_event_end", "end"))


class RecordedEvent(EventColumns, Base):
    """An event that has begun, with its state."""

    __tablename__ = "recorded_event"
    __table_args__ = (
        Index("recorded_event_state", "state", "start"),
        Index("recorded_event_start", "start"),
    )

    state: Mapped[str] = mapped_column(String(40))
    directory: Mapped[str]
    started: Mapped[float | None]
    ended: Mapped[float | None]
    error: Mapped[str] = mapped_column(default="")
    operator_end: Mapped[float | None]
    """an end that somebody chose by hand; the schedule no longer moves it"""


class PartRow(Base):
    """One run of one capture command."""

    __tablename__ = "part"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uid: Mapped[str] = mapped_column(
        String(512), ForeignKey("recorded_event.uid", ondelete="CASCADE"), index=True
    )
    input: Mapped[str]
    number: Mapped[int]
    started: Mapped[float]
    pid: Mapped[int] = mapped_column(default=0)
    pid_started: Mapped[float] = mapped_column(default=0.0)
    files: Mapped[list[Any]] = mapped_column(default=list)
    flavors: Mapped[list[Any]] = mapped_column(default=list)
    ended: Mapped[float | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    exit_code: Mapped[int | None]


class TrackRow(Base):
    """One media file of a recording."""

    __tablename__ = "track"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uid: Mapped[str] = mapped_column(
        String(512), ForeignKey("recorded_event.uid", ondelete="CASCADE"), index=True
    )
    path: Mapped[str]
    flavor: Mapped[str]
    input: Mapped[str] = mapped_column(default="")
    part: Mapped[int] = mapped_column(default=1)
    size: Mapped[int] = mapped_column(default=0)
    duration: Mapped[float | None]
    streams: Mapped[list[Any]] = mapped_column(default=list)
    checksum: Mapped[str] = mapped_column(String(64), default="")


class UploadRow(Base):
    """The resume point of a delivery."""

    __tablename__ = "upload"
    __table_args__ = (Index("upload_next_attempt", "next_attempt"),)

    uid: Mapped[str] = mapped_column(
        String(512), ForeignKey("recorded_event.uid", ondelete="CASCADE"), primary_key=True
    )
    target: Mapped[str]
    step: Mapped[str] = mapped_column(String(20))
    node: Mapped[str] = mapped_column(default="")
    package: Mapped[str] = mapped_column(default="")
    tracks_done: Mapped[int] = mapped_column(default=0)
    bytes_sent: Mapped[int] = mapped_column(default=0)
    bytes_total: Mapped[int] = mapped_column(default=0)
    rate: Mapped[float] = mapped_column(default=0.0)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt: Mapped[float] = mapped_column(default=0.0)
    error: Mapped[str] = mapped_column(default="")
    permanent: Mapped[bool] = mapped_column(default=False)
    location: Mapped[str] = mapped_column(default="")


class ServiceRow(Base):
    """The heartbeat of a service."""

    __tablename__ = "service_state"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    pid: Mapped[int]
    pid_started: Mapped[float]
    started: Mapped[float]
    heartbeat: Mapped[float]
    text: Mapped[str] = mapped_column(default="")


class UpstreamRow(Base):
    """What is known about something outside: the calendar, the server, the registration."""

    __tablename__ = "upstream_state"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(default="")
    """a tag or digest, byte for byte as the other side sent it"""
    checked: Mapped[float | None]
    """last successful contact"""
    failed: Mapped[float | None]
    """since when it fails"""
    error: Mapped[str] = mapped_column(default="")


class OutboxRow(Base):
    """A recording state that the server has still to be told."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uid: Mapped[str] = mapped_column(String(512))
    state: Mapped[str] = mapped_column(String(40))
    created: Mapped[float]


class AlarmRow(Base):
    """Something that was or is wrong."""

    __tablename__ = "alarm"
    __table_args__ = (Index("alarm_ended", "ended"), Index("alarm_since", "since"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    text: Mapped[str]
    since: Mapped[float]
    subject: Mapped[str] = mapped_column(String(512), default="")
    """id of the event that it concerns; a recording may be deleted before its alarms"""
    input: Mapped[str] = mapped_column(default="")
    service: Mapped[str] = mapped_column(String(40))
    ended: Mapped[float | None]


class DeletedEvent(Base):
    """An event that an operator deleted while the calendar still lists it."""

    __tablename__ = "deleted_event"

    uid: Mapped[str] = mapped_column(String(512), primary_key=True)
    start: Mapped[float]
    """an event that is moved afterwards is wanted again"""
    end: Mapped[float]


class AccountRow(Base):
    """Somebody who may log in."""

    __tablename__ = "account"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    password: Mapped[str]
    """hash with its method and salt, never the password itself"""
    scope: Mapped[str] = mapped_column(String(20))
    created: Mapped[float]
    changed: Mapped[float]
    """when the password was set"""


class TokenRow(Base):
    """A key for a program, which acts for its owner."""

    __tablename__ = "access_token"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    """names it to people; it opens nothing"""
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    owner: Mapped[str] = mapped_column(String(100), index=True)
    """the name of an account, or of the user that the configuration names"""
    label: Mapped[str] = mapped_column(default="")
    scope: Mapped[str] = mapped_column(String(20))
    created: Mapped[float]
    expires: Mapped[float | None]
    used: Mapped[float | None]


class LoginRow(Base):
    """A browser in which somebody has logged in."""

    __tablename__ = "login"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100), index=True)
    stamp: Mapped[str] = mapped_column(String(64))
    """made of the login's secret and the owner's password: another password ends the login"""
    created: Mapped[float]
    seen: Mapped[float]
    expires: Mapped[float]
    address: Mapped[str] = mapped_column(default="")
    program: Mapped[str] = mapped_column(default="")


class FigureRow(Base):
    """A figure that only grows, such as the seconds that were recorded."""

    __tablename__ = "figure"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    label: Mapped[str] = mapped_column(String(60), primary_key=True, default="")
    value: Mapped[float] = mapped_column(default=0.0)
