"""The description of the API, made ready for a page."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

METHODS = ("get", "post", "put", "patch", "delete")
_DEEPEST = 5
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """A parameter, or one value within a body."""

    name: str
    kind: str
    """what it may be, in words"""
    text: str
    required: bool
    place: str = ""
    """of a parameter: path, query or header"""


@dataclass(frozen=True)
class Content:
    """One body that is sent or answered.

    :param example: as text, empty where there is none
    """

    media_type: str
    fields: tuple[Field, ...]
    example: str


@dataclass(frozen=True)
class Answer:
    """One way in which an operation is answered."""

    status: str
    text: str
    contents: tuple[Content, ...]


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    right: str
    """“read”, “operate” or “admin”; empty where everybody may ask"""
    parameters: tuple[Field, ...]
    bodies: tuple[Content, ...]
    answers: tuple[Answer, ...]
    """without the usual ones"""
    usual: tuple[str, ...]
    """statuses of the usual answers that it has"""
    curl: str


@dataclass(frozen=True)
class Group:
    """Operations that belong together."""

    name: str
    text: str
    operations: tuple[Operation, ...]


class Reference:
    """Reads a description.

    :param document: OpenAPI 3.1
    :param address: where this agent is, for the examples
    """

    def __init__(self, document: Node, address: str) -> None:
        self._document = document
        self._address = address.rstrip("/")
        self.text = str(document["info"].get("description", ""))
        self.usual = tuple(self._shared_by_most())
        """status and text of the answers that most operations have, which are told once"""

    def groups(self) -> list[Group]:
        """Return all operations, in the groups and in the order in which they are described."""
        found = list(self._operations())
        return [
            Group(tag["name"], tag["description"], tuple(one for name, one in found if name == tag["name"]))
            for tag in self._document["tags"]
        ]

    def _shared_by_most(self) -> Iterator[tuple[str, str]]:
        every = [
            item[method]["responses"]
            for item in self._document["paths"].values()
            for method in METHODS
            if method in item
        ]
        found = Counter((status, self._text(one)) for node in every for status, one in node.items())
        yield from sorted(told for told, number in found.items() if 2 * number > len(every))

    def _text(self, answer: Node) -> str:
        return str(self._resolve(answer)["description"])

    def _operations(self) -> Iterator[tuple[str, Operation]]:
        for path, item in self._document["paths"].items():
            for method in METHODS:
                if method in item:
                    shared = item.get("parameters", [])
                    yield item[method]["tags"][0], self._operation(path, method, item[method], shared)

    def _operation(self, path: str, method: str, node: Node, shared: Sequence[Node]) -> Operation:
        parameters = [self._resolve(one) for one in (*shared, *node.get("parameters", []))]
        bodies = self._contents(self._resolve(node.get("requestBody", {})))
        security = node.get("security", self._document["security"])
        told = [(status, self._text(one), one) for status, one in sorted(node["responses"].items())]
        return Operation(
            id=node["operationId"],
            method=method.upper(),
            path=path,
            summary=node["summary"],
            text=node.get("description", ""),
            right=next((roles[0] for one in security for roles in one.values() if roles), ""),
            parameters=tuple(self._parameter(one) for one in parameters),
            bodies=bodies,
            answers=tuple(
                self._answer(status, one) for status, text, one in told if (status, text) not in self.usual
            ),
            usual=tuple(status for status, text, _ in told if (status, text) in self.usual),
            curl=self._curl(path, method, parameters, bodies, public=not security),
        )

    def _parameter(self, node: Node) -> Field:
        required = node.get("required", False)
        return Field(
            node["name"], self._kind(node["schema"]), node.get("description", ""), required, node["in"]
        )

    def _answer(self, status: str, given: Node) -> Answer:
        node = self._resolve(given)
        return Answer(status, node["description"], self._contents(node))

    def _contents(self, node: Node) -> tuple[Content, ...]:
        return tuple(
            Content(media_type, tuple(self._fields(one.get("schema", {}))), _example(one.get("example")))
            for media_type, one in node.get("content", {}).items()
        )

    def _fields(self, given: Node, before: str = "", depth: int = 0) -> Iterator[Field]:
        """Yield what an object holds, with the names of those around it."""
        node = self._resolve(given)
        if "items" in node:
            yield from self._fields(node["items"], f"{before}[]", depth)
        for part in node.get("allOf", []):
            yield from self._fields(part, before, depth)
        for name, given_part in node.get("properties", {}).items():
            part = self._resolve(given_part)
            whole = f"{before}.{name}".lstrip(".")
            inner = list(self._fields(part, whole, depth + 1)) if depth < _DEEPEST else []
            if not inner or part.get("description"):
                text = part.get("description", "")
                yield Field(whole, self._kind(part), text, name in node.get("required", []))
            yield from inner

    def _kind(self, given: Node) -> str:
        """Return in words what a value may be."""
        node = self._resolve(given)
        if "const" in node:
            return json.dumps(node["const"])
        if "enum" in node:
            return " | ".join(str(one) for one in node["enum"])
        if "anyOf" in node or "oneOf" in node:
            return " or ".join(self._kind(one) for one in node.get("anyOf") or node["oneOf"])
        kinds = node.get("type", "anything")
        words = " or ".join(kinds) if isinstance(kinds, list) else kinds
        return f"{words} of {self._kind(node['items'])}" if "items" in node else words

    def _resolve(self, node: Node) -> Node:
        """Return what a node refers to, itself where it refers to nothing."""
        while "$ref" in node:
            found: Any = self._document
            for name in node["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            node = found
        return node

    def _curl(
        self, path: str, method: str, parameters: Sequence[Node], bodies: Sequence[Content], *, public: bool
    ) -> str:
        """Return a command that asks this."""
        query = []
        for one in parameters:
            example = str(one.get("example", ""))
            if one["in"] == "path":
                path = path.replace(f"{{{one['name']}}}", quote(example, safe="/"))
            elif one["in"] == "query" and example:
                query.append(f"{one['name']}={quote(example, safe=',:-')}")
        address = self._address + path + ("?" + "&".join(query) if query else "")
        words = ["curl"] + ([] if public else ["--user", "NAME"])
        words += ["--globoff"] * bool(query)
        words += ["--request", method.upper()] * (method != "get")
        if bodies:
            words += ["--header", f"Content-Type: {bodies[0].media_type}"]
        text = " ".join(shlex.quote(word) for word in [*words, address])
        return f"{text} \\\n  --data {shlex.quote(bodies[0].example)}" if bodies else text


def _example(given: Any) -> str:
    if given is None or isinstance(given, str):
        return given or ""
    return json.dumps(given, indent=2, ensure_ascii=False)
