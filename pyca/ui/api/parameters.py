"""What is asked in the address: pages, order, filters, and which attributes are wanted."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import request

from pyca.ui.api.errors import ApiError, Problem

LARGEST_PAGE = 1000
USUAL_PAGE = 100
_FARTHEST_PAGE = 1_000_000_000
"""databases count no further than they must"""
_FIELDS = re.compile(r"fields\[([^\[\]]*)\]")
_FILTER = re.compile(r"filter\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Rules:
    """The parameters that an address understands.

    :param fields: the attributes and relationships of each type that it may answer
    :param sorts: what it can sort by
    :param filters: names within ``filter[…]``
    :param others: further parameters
    :param paged: whether it answers in pages
    """

    fields: Mapping[str, Collection[str]] = field(default_factory=dict)
    sorts: Collection[str] = ()
    filters: Collection[str] = ()
    others: Collection[str] = ()
    paged: bool = False


@dataclass(frozen=True)
class Asked:
    """The parameters of a request, checked.

    :param number: of the page, from 1
    :param size: entries per page
    :param sort: names, with True where the order goes down
    :param fields: for each type the names that are wanted; what is not in it is wanted whole
    """

    number: int = 1
    size: int = USUAL_PAGE
    sort: tuple[tuple[str, bool], ...] = ()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def offset(self) -> int:
        """How many entries come before the page."""
        return (self.number - 1) * self.size


def read_parameters(rules: Rules) -> Asked:
    """Return what the present request asks.

    :raises ApiError: naming every parameter that is unknown, given twice or wrong
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    inner: dict[str, Any] = {"fields": {}, "filters": {}}
    for name, given in request.args.lists():
        try:
            group, key, value = _one(rules, name, _single(given))
        except ValueError as error:
            problems.append(Problem(400, "Invalid parameter", str(error), parameter=name))
            continue
        if group in inner:
            inner[group][key] = value
        else:
            values[key] = value
    if problems:
        raise ApiError(*problems)
    others = {name: values.pop(name) for name in rules.others if name in values}
    return Asked(**(values | inner), others=others)


def slim(resource: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """Return a resource with the attributes and relationships alone that were asked for."""
    wanted = asked.fields.get(resource["type"])
    if wanted is None:
        return resource
    told = dict(resource)
    for part in ("attributes", "relationships"):
        if part in told:
            told[part] = {name: value for name, value in told[part].items() if name in wanted}
    return told


def page_links(asked: Asked, total: int) -> dict[str, str | None]:
    """Return the links to this page and its neighbours; all other parameters are kept.

    :param total: number of entries on all pages
    """
    last = max(1, -(-total // asked.size))
    before = min(asked.number - 1, last)
    return {
        "self": _address(asked.number),
        "first": _address(1),
        "prev": _address(before) if before >= 1 else None,
        "next": _address(asked.number + 1) if asked.number < last else None,
        "last": _address(last),
    }


def flag(asked: Asked, name: str) -> bool:
    """Return what a parameter that is on or off says; off where it is missing.

    :raises ApiError: where it is neither
    """
    word = asked.others.get(name, "false").lower()
    if word in ("true", "1", "yes", ""):
        return True
    if word in ("false", "0", "no"):
        return False
    raise ApiError(Problem(400, "Invalid parameter", "It is “true” or “false”.", parameter=name))


def _one(rules: Rules, name: str, value: str) -> tuple[str, str, Any]:
    """Return where a parameter belongs, its name there, and its value.

    :raises ValueError: saying what is wrong with it
    """
    if rules.paged and name == "page[number]":
        return "", "number", _number(value, _FARTHEST_PAGE)
    if rules.paged and name == "page[size]":
        return "", "size", _number(value, LARGEST_PAGE)
    if name == "sort" and rules.sorts:
        return "", "sort", _sort(rules, value)
    if (found := _FILTER.fullmatch(name)) and found[1] in rules.filters:
        return "filters", found[1], value
    if (found := _FIELDS.fullmatch(name)) and found[1] in rules.fields:
        return "fields", found[1], _fields(rules.fields[found[1]], value)
    if name in rules.others:
        return "", name, value
    raise ValueError(f"This address understands: {', '.join(_understood(rules)) or 'no parameters'}.")


def _single(given: list[str]) -> str:
    if len(given) > 1:
        raise ValueError("It is given more than once.")
    if "\0" in given[0]:
        raise ValueError("It holds a NUL character.")
    return given[0]


def _understood(rules: Rules) -> list[str]:
    pages = ["page[number]", "page[size]"] if rules.paged else []
    sort = ["sort"] if rules.sorts else []
    filters = [f"filter[{name}]" for name in rules.filters]
    return [*pages, *sort, *filters, *(f"fields[{name}]" for name in rules.fields), *rules.others]


def _number(value: str, largest: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 12 and 1 <= int(value) <= largest):
        raise ValueError(f"It is a whole number from 1 to {largest}.")
    return int(value)


def _sort(rules: Rules, value: str) -> tuple[tuple[str, bool], ...]:
    told = [(name.removeprefix("-"), name.startswith("-")) for name in value.split(",")]
    names = [name for name, _ in told]
    if not set(names) <= set(rules.sorts) or len(set(names)) < len(names):
        raise ValueError(f"Sort by {', '.join(rules.sorts)}, each once, with “-” before it to go down.")
    return tuple(told)


def _fields(known: Collection[str], value: str) -> frozenset[str]:
    names = frozenset(value.split(",")) - {""}
    if unknown := names - set(known):
        raise ValueError(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    return names


def _address(number: int) -> str:
    values = [(name, value) for name, value in request.args.items() if name != "page[number]"]
    if number > 1:
        values.append(("page[number]", str(number)))
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe=',:')}" for name, value in values)
    path = quote(request.script_root + request.path)
    return f"{path}?{query}" if query else path
