"""Users as commands show them: with their logins and tokens."""

from typing import TYPE_CHECKING, Any

import click

from pyca.cli.output import iso_moment, print_table
from pyca.core.access import Scope

if TYPE_CHECKING:
    from pyca.config.settings import Settings
    from pyca.store.database import Database
    from pyca.store.logins import Login
    from pyca.store.tokens import Token

Described = dict[str, Any]


def gather(settings: "Settings", database: "Database", now: float) -> list[Described]:
    """Return all users as plain data: the configured one first, then accounts by name.

    :param now: logins that are over by then are left out
    """
    from pyca.store import accounts, logins, tokens

    with database.read() as session:
        known = accounts.listing(session)
        keys, opened = tokens.listing(session), logins.listing(session, None, now)
    zone, ui = settings.agent.timezone, settings.ui
    people: list[Described] = []
    if ui.password:
        people.append({"name": ui.username, "scope": str(Scope.ADMIN), "source": "configuration"})
    people += [
        {
            "name": one.name,
            "scope": str(one.scope),
            "source": "database",
            "password_set": iso_moment(one.changed, zone),
        }
        for one in known
        if not ui.password or one.name != ui.username
    ]
    for each in people:
        each["logins"] = [_login(one, zone) for one in opened if one.owner == each["name"]]
        each["tokens"] = [_token(one, zone, now) for one in keys if one.owner == each["name"]]
    return people


def print_people(people: list[Described]) -> None:
    """Print users, and below them their tokens."""
    heads = ("user", "right", "logins", "tokens", "from")
    print_table(
        heads,
        [
            (one["name"], one["scope"], str(len(one["logins"])), str(len(one["tokens"])), one["source"])
            for one in people
        ],
    )
    rows = [
        (key["id"], one["name"], key["scope"], _day(key["used"]), _end(key), key["label"])
        for one in people
        for key in one["tokens"]
    ]
    if rows:
        click.echo()
        print_table(("token", "user", "right", "last used", "ends", "for"), rows)


def _login(one: "Login", zone: str) -> Described:
    return {"address": one.address, "program": one.program, "seen": iso_moment(one.seen, zone)}


def _token(one: "Token", zone: str, now: float) -> Described:
    return {
        "id": one.id,
        "label": one.label,
        "scope": str(one.scope),
        "created": iso_moment(one.created, zone),
        "used": iso_moment(one.used, zone),
        "expires": iso_moment(one.expires, zone),
        "over": one.is_over(now),
    }


def _day(moment: str | None) -> str:
    return moment[:10] if moment else "never"


def _end(key: Described) -> str:
    return "is over" if key["over"] else _day(key["expires"])
