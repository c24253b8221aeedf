"""``/account``: who I am, my password, my logins and my tokens."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden, NotFound, TooManyRequests
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.core.lines import one_line
from pyca.store import accounts, logins, tokens
from pyca.ui.access.door import door
from pyca.ui.access.peer import address
from pyca.ui.access.people import Known, known
from pyca.ui.access.rights import Means, Visitor, needs, visitor
from pyca.ui.context import context
from pyca.ui.pages.login import welcome
from pyca.ui.view.browsers import browser_words

blueprint = Blueprint("account", __name__, url_prefix="/account")

NOTICES = {
    "password": "Your password is changed. All your other logins are ended.",
    "ended": "That login is ended.",
    "others": "All your other logins are ended.",
    "revoked": "The token is revoked. Nobody can use it any more.",
}
EXPIRIES = (("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year"), ("", "never"))
"""Days, and what is said of them."""
SCOPES = {
    Scope.READ: "look at everything that is no secret",
    Scope.OPERATE: "look, and also play recordings, record, stop, plan and deliver",
    Scope.ADMIN: "do everything: delete recordings, read the log and the configuration too",
}

BRIEF = {
    Scope.READ: "look only (read)",
    Scope.OPERATE: "also record and plan (operate)",
    Scope.ADMIN: "do everything (admin)",
}


@blueprint.get("")
def show() -> str:
    """Show who somebody is and what belongs to them."""
    return _page(notice=NOTICES.get(request.args.get("done", ""), ""))


@blueprint.post("/password")
@needs(Scope.READ)
def password() -> Response | tuple[str, int]:
    """Give an account another password; this browser stays logged in, all others do not."""
    who, form = _person(), request.form
    if who.configured:
        raise UsageError("Your password stands in the configuration.", "change it there: [ui] password")
    if form.get("new", "") != form.get("again", ""):
        return _page(error="The two new passwords differ. Nothing was changed."), 422
    try:
        if door().passwords.check(who.name, form.get("old", ""), address(request)) is None:
            return _page(error="Your present password is another one. Nothing was changed."), 422
        hashed = accounts.hash_password(form.get("new", ""))
    except TooManyRequests as error:
        return _page(error=error.description or ""), 429
    except UsageError as error:
        return _page(error=f"{error}. Nothing was changed."), 422
    with context().database.write() as session:
        accounts.set_password(session, who.name, hashed, context().clock.now())
    response = _back("password")
    if visitor().means is Means.LOGIN:
        welcome(response, _person())
    return response


@blueprint.post("/logins/end")
@needs(Scope.READ)
def end_login() -> Response:
    """End one of the own logins, for example in a browser that was left open."""
    who = _person()
    with context().database.write() as session:
        logins.end(session, request.form.get("id", ""), who.name)
    return _back("ended")


@blueprint.post("/logins/end-others")
@needs(Scope.READ)
def end_others() -> Response:
    """End all own logins but this one."""
    who, here = _person(), context()
    with here.database.write() as session:
        for login in logins.listing(session, who.name, here.clock.now()):
            if login.id != visitor().login:
                logins.end(session, login.id)
    return _back("others")


@blueprint.post("/tokens")
@needs(Scope.READ)
def make_token() -> Response | tuple[str, int]:
    """Make a token and show it, this once."""
    who, here = _person(), context()
    now, form = here.clock.now(), request.form
    label = one_line(form.get("label", ""), tokens.LONGEST_LABEL)
    if not label:
        return _page(error="A token needs a name, so that you know it again."), 422
    scope, days = form.get("scope", ""), form.get("expires", "")
    if scope not in _scopes() or days not in dict(EXPIRIES):
        return _page(error="This token would be allowed more than you are, or end at no known time."), 422
    with here.database.write() as session:
        token, text = tokens.make(
            session,
            who.name,
            Scope(scope),
            now,
            label=label,
            expires=now + int(days) * 86_400 if days else None,
        )
    page = render_template("token.html", token=token, text=text, now=now)
    return current_app.make_response(page)


@blueprint.get("/tokens/<id_>/revoke")
@needs(Scope.READ)
def ask_revoke(id_: str) -> str:
    """Ask whether a token shall be revoked."""
    with context().database.read() as session:
        own = [token for token in tokens.listing(session, _person().name) if token.id == id_]
    if not own:
        raise NotFound
    return render_template(
        "token_revoke.html", token=own[0], now=context().clock.now(), back=url_for("account.show")
    )


@blueprint.post("/tokens/<id_>/revoke")
@needs(Scope.READ)
def revoke(id_: str) -> Response:
    """Make one of the own tokens worthless."""
    who = _person()
    with context().database.write() as session:
        tokens.revoke(session, id_, who.name)
    return _back("revoked")


def _page(*, notice: str = "", error: str = "") -> str:
    here, who = context(), visitor()
    now = here.clock.now()
    with here.database.read() as session:
        mine = logins.listing(session, who.name, now)
        keys = tokens.listing(session, who.name)
    owner = known(here.database, here.settings.ui, who.name)
    return render_template(
        "account.html",
        notice=notice,
        error=error,
        configured=owner is not None and owner.configured,
        logins=mine,
        tokens=keys,
        scopes=_scopes(),
        scope_words=SCOPES,
        scope_brief=BRIEF,
        expiries=EXPIRIES,
        browser_words=browser_words,
        shortest=accounts.SHORTEST_PASSWORD,
        now=now,
    )


def _scopes() -> list[Scope]:
    """Return the scopes that a token of this visitor can have."""
    return [scope for scope in Scope if visitor().scope.covers(scope)]


def _person() -> Known:
    """Return who is asking; a program with a token must not make itself further ways in.

    :raises Forbidden: where it is a program
    """
    who: Visitor = visitor()
    if who.means is Means.TOKEN:
        raise Forbidden("A token cannot change passwords, logins and tokens; that is up to its owner.")
    found = known(context().database, context().settings.ui, who.name)
    if found is None:
        raise Forbidden("This user has just been deleted.")
    return found


def _back(done: str) -> Response:
    return redirect(url_for("account.show", done=done), code=303)
