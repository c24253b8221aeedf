"""What somebody may do: three scopes, each of which includes those before it."""

from enum import StrEnum


class Scope(StrEnum):
    """How far somebody is trusted. The values stand in the database, in the API and on the command line."""

    READ = "read"
    """see everything that is no secret: states, pictures, the schedule, figures"""
    OPERATE = "operate"
    """also play and download recordings, record, stop, extend, plan, cancel, deliver again, and stream"""
    ADMIN = "admin"
    """also delete recordings, read the log and the configuration"""

    def covers(self, other: "Scope") -> bool:
        """Tell whether whoever has this scope may do what needs the other one."""
        return _RANK[self] >= _RANK[other]

    def at_most(self, other: "Scope") -> "Scope":
        """Return the smaller one of two scopes."""
        return min(self, other, key=_RANK.__getitem__)


_RANK = {scope: rank for rank, scope in enumerate(Scope)}
