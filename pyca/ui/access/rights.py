"""Who is asking, and what a view needs: “read” to look, “operate” to act, unless it says otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask import g

from pyca.core.access import Scope

View = TypeVar("View", bound=Callable[..., Any])
_SAFE = ("GET", "HEAD", "OPTIONS")


class Means(StrEnum):
    """How somebody has shown who they are."""

    BASIC = "basic"
    """user and password with every request"""
    TOKEN = "token"
    """the key of a program, which no browser sends by itself"""
    LOGIN = "login"
    """a cookie, after the login page"""
    HERE = "here"
    """they work on this machine, and nobody else can reach the application"""
    ANYBODY = "anybody"
    """nobody is asked who they are; where a request comes from was looked at before"""


@dataclass(frozen=True)
class Visitor:
    """Whoever is asking, known for certain."""

    name: str
    scope: Scope
    means: Means
    form_token: str = ""
    """the secret of the forms that are shown to them"""
    login: str = ""
    """which login this is, empty where it is none"""

    def may(self, needed: str) -> bool:
        """Tell whether this visitor may do what needs a scope; templates ask so."""
        return self.scope.covers(Scope(needed))


def needs(scope: Scope) -> Callable[[View], View]:
    """Mark a view as open to those alone who have a scope. Write it below the route."""

    def mark(view: View) -> View:
        view.__dict__["needed"] = scope
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as open to everybody. Write it below the route."""
    view.__dict__["needed"] = None
    return view


def needed(view: Callable[..., Any] | None, method: str) -> Scope | None:
    """Return the scope that a request needs, None where everybody may send it.

    :param view: None where there is none at the address, which strangers shall not learn
    """
    usual = Scope.READ if method in _SAFE else Scope.OPERATE
    marked: Scope | None = getattr(view, "needed", usual)
    return marked


def visitor() -> Visitor:
    """Return who sends the present request."""
    found: Visitor = g.visitor
    return found
