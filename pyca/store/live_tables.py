"""The tables of live streaming, as SQLAlchemy classes."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pyca.store.base import Base, Key


class SetupRow(Base):
    """What is wanted of the streamer: one row."""

    __tablename__ = "live_setup"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    source: Mapped[dict[str, Any]] = mapped_column(default=dict)
    wanted: Mapped[bool] = mapped_column(default=False)
    blind: Mapped[bool] = mapped_column(default=False)
    share: Mapped[str] = mapped_column(default="")
    changed: Mapped[float] = mapped_column(default=0.0)
    orders: Mapped[int] = mapped_column(default=0)
    """how often somebody said start or stop"""
    stopped: Mapped[float] = mapped_column(default=0.0)
    """when somebody last said stop: an event that had begun by then is not streamed by itself any more"""
    restarts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """how often each destination was to be restarted"""


class DestinationRow(Base):
    """Where streams are sent to."""

    __tablename__ = "destination"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int]
    """the order in which they are shown"""
    label: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(default="")
    key: Mapped[str] = mapped_column(default="")
    backup: Mapped[str] = mapped_column(default="")
    wanted: Mapped[bool] = mapped_column(default=True)


class LiveReportRow(Base):
    """How the streamer does: one row."""

    __tablename__ = "live_report"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[float]
    orders: Mapped[int] = mapped_column(default=0)
    """the number of the last order that it knew of"""
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)


class StreamSessionRow(Base):
    """One time from start to stop of the streamer."""

    __tablename__ = "stream_session"
    __table_args__ = (Index("stream_session_started", "started"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    started: Mapped[float]
    ended: Mapped[float | None]
    reason: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    input: Mapped[str] = mapped_column(default="")
    uid: Mapped[str] = mapped_column(String(512), default="")
    sent: Mapped[int] = mapped_column(default=0)


class SampleRow(Base):
    """The figures of one moment of a session; those of what is made have an empty destination."""

    __tablename__ = "sample"
    __table_args__ = (Index("sample_session_at", "session", "at"),)

    session: Mapped[int] = mapped_column(
        Key, ForeignKey("stream_session.id", ondelete="CASCADE"), primary_key=True
    )
    destination: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[float] = mapped_column(primary_key=True)
    fps: Mapped[float] = mapped_column(default=0.0)
    bitrate: Mapped[float] = mapped_column(default=0.0)
    dropped: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    reconnects: Mapped[int] = mapped_column(default=0)
    cpu: Mapped[float] = mapped_column(default=0.0)


class LogRow(Base):
    """Something that happened in a session."""

    __tablename__ = "stream_log"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    session: Mapped[int] = mapped_column(Key, ForeignKey("stream_session.id", ondelete="CASCADE"), index=True)
    at: Mapped[float]
    level: Mapped[str] = mapped_column(String(20))
    text: Mapped[str]
    destination: Mapped[str] = mapped_column(String(40), default="")
