"""``pyca user``: who may open the page, and with which right."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyca.cli.options import Group, Options, open_database, pass_options
from pyca.cli.output import plain, print_json, show_moment
from pyca.core.access import Scope
from pyca.core.clock import SystemClock
from pyca.core.errors import UsageError

if TYPE_CHECKING:
    from pyca.config.settings import Settings

_LONGEST = 100 * 365 * 86_400.0
"""Seconds; beyond that no calendar can show the end."""

_scope_option = click.option(
    "--scope",
    type=click.Choice([str(scope) for scope in Scope]),
    help="read: look; operate: play, record, stop, plan, deliver too; admin: everything.",
)
_file_option = click.option(
    "--password-file", type=click.Path(path_type=Path), metavar="FILE", help="Take the password from there."
)
_generate_option = click.option("--generate", is_flag=True, help="Make up a password and print it.")


@click.group(cls=Group)
def user() -> None:
    """Say who may open the page: users, their logins and their tokens."""


@user.command()
@click.argument("name")
@_scope_option
@_file_option
@_generate_option
@pass_options
def add(options: Options, name: str, scope: str | None, password_file: Path | None, generate: bool) -> None:
    """Add a user, with the right “operate” where none is given.

    The password is asked for on a terminal, otherwise read from standard input.
    """
    from pyca.store import accounts

    settings = options.settings()
    if settings.ui.password and name == settings.ui.username:
        raise UsageError(f"“{name}” is the user that the configuration names", "choose another name")
    database = open_database(settings)
    name, right = accounts.check_name(name), Scope(scope or Scope.OPERATE)
    with database.read() as session:
        # Before somebody has typed a password in vain.
        if accounts.get(session, name) is not None:
            raise UsageError(
                f"there is a user “{name}” already", f"“pyca user passwd {name}” sets the password"
            )
    password = _password(name, password_file, generate)
    hashed = accounts.hash_password(password)
    with database.write() as session:
        accounts.add(session, name, hashed, right, SystemClock().now())
    click.echo(f"“{name}” can log in now, with the right “{right}”")
    _tell(password, generate)


@user.command()
@click.argument("name")
@_file_option
@_generate_option
@pass_options
def passwd(options: Options, name: str, password_file: Path | None, generate: bool) -> None:
    """Set the password of a user. It ends all their logins; their tokens stay."""
    from pyca.store import accounts

    settings = options.settings()
    database = open_database(settings, create=False)
    with database.read() as session:
        found = accounts.get(session, name)
    if found is None:
        raise _nobody(settings, name)
    password = _password(found.name, password_file, generate)
    hashed = accounts.hash_password(password)
    with database.write() as session:
        accounts.set_password(session, found.name, hashed, SystemClock().now())
    click.echo(f"“{found.name}” has another password now")
    _tell(password, generate)


@user.command()
@click.argument("name")
@click.argument("scope", type=click.Choice([str(scope) for scope in Scope]))
@pass_options
def scope(options: Options, name: str, scope: str) -> None:
    """Give a user another right: read, operate or admin. Their tokens never have more."""
    from pyca.store import accounts

    database = open_database(options.settings(), create=False)
    with database.write() as session:
        accounts.set_scope(session, name, Scope(scope))
    click.echo(f"“{name}” has the right “{scope}” now")


@user.command("del")
@click.argument("name")
@pass_options
def delete(options: Options, name: str) -> None:
    """Delete a user, and end their logins and tokens."""
    from pyca.store import accounts

    settings = options.settings()
    database = open_database(settings, create=False)
    with database.write() as session:
        if accounts.get(session, name) is None:
            raise _nobody(settings, name)
        keys, ended = accounts.delete(session, name)
        left = accounts.listing(session)
    click.echo(f"“{name}” is deleted; ended with it: {_count(ended, 'login')}, {_count(keys, 'token')}")
    if not settings.ui.password and not any(one.scope is Scope.ADMIN for one in left):
        click.echo(
            "Nobody has the right “admin” any more; “pyca user add NAME --scope admin” makes somebody."
        )


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_options
def list_users(options: Options, as_json: bool) -> None:
    """List users with their rights, logins and tokens."""
    from pyca.cli import people

    settings, now = options.settings(), SystemClock().now()
    found = people.gather(settings, open_database(settings, create=False), now)
    if as_json:
        print_json(found)
    elif found:
        people.print_people(found)
    else:
        click.echo("No users. “pyca user add NAME” adds one.")


@user.command()
@click.argument("name")
@click.option("--label", default="", help="What it is for.")
@_scope_option
@click.option("--expires", metavar="LENGTH", help="How long it lasts, such as 90d; for ever if left out.")
@pass_options
def token(options: Options, name: str, label: str, scope: str | None, expires: str | None) -> None:
    """Make a token for a program that acts for a user, and print it. It is shown this once.

    It has the right “read” where none is given, and never more than its user.
    """
    from pyca.cli.moments import parse_length
    from pyca.store import accounts, tokens

    settings, now = options.settings(), SystemClock().now()
    length = parse_length(expires) if expires else None
    if length is not None and length > _LONGEST:
        raise UsageError(f"“{expires}” is too long", "leave --expires out where the token shall not end")
    until = now + length if length else None
    with open_database(settings, create=False).write() as session:
        found = accounts.get(session, name)
        if settings.ui.password and name == settings.ui.username:
            owner, right = name, Scope.ADMIN
        elif found is not None:
            owner, right = found.name, found.scope
        else:
            raise _nobody(settings, name)
        wanted = Scope(scope or Scope.READ)
        if not right.covers(wanted):
            raise UsageError(f"“{owner}” has the right “{right}”, a token cannot have “{wanted}”")
        made, text = tokens.make(session, owner, wanted, now, label=label, expires=until)
    end = f"until {show_moment(until, settings.agent.timezone)}" if until else "until it is revoked"
    click.echo(
        f"Token {made.id} of “{owner}” with the right “{wanted}”, {end}. It is shown this once:", err=True
    )
    click.echo(text)


@user.command()
@click.argument("token_id", metavar="ID")
@pass_options
def revoke(options: Options, token_id: str) -> None:
    """Make a token worthless. “pyca user list” shows the ids."""
    from pyca.store import tokens

    # Somebody may paste the whole token that has leaked.
    id_ = token_id.split("_")[1] if token_id.startswith("pyca_") else token_id
    with open_database(options.settings(), create=False).write() as session:
        if not tokens.revoke(session, id_):
            raise UsageError(f"there is no token “{plain(id_)}”", "“pyca user list” shows the tokens")
    click.echo(f"token {id_} is revoked")


@user.command()
@click.argument("name")
@pass_options
def logout(options: Options, name: str) -> None:
    """End all logins of a user; the password stays."""
    from pyca.store import logins

    with open_database(options.settings(), create=False).write() as session:
        ended = logins.end_all(session, name)
    click.echo(f"“{plain(name)}” is logged out: {_count(ended, 'login')} ended")


def _password(name: str, file: Path | None, generate: bool) -> str:
    """Return the new password, from wherever the command takes it; never from its arguments."""
    from pyca.store.accounts import generate_password

    if generate and file is not None:
        raise click.UsageError("Give either --password-file or --generate.")
    if generate:
        return generate_password()
    if file is not None:
        try:
            text = file.read_text("utf-8")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise UsageError(f"{file} cannot be read: {reason}", "name a file with the password") from error
    elif sys.stdin.isatty():
        return str(click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True))
    else:
        text = sys.stdin.readline()
    return text.removesuffix("\n").removesuffix("\r")


def _tell(password: str, generated: bool) -> None:
    if generated:
        click.echo("The password is shown this once:", err=True)
        click.echo(password)


def _nobody(settings: "Settings", name: str) -> UsageError:
    if settings.ui.password and name == settings.ui.username:
        return UsageError(
            f"“{name}” and the password stand in the configuration", "change them there: section [ui]"
        )
    return UsageError(f"there is no user “{plain(name)}”", "“pyca user list” shows who there is")


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
