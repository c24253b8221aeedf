"""What is wrong with a request, as JSON:API tells it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response

from pyca.core.errors import UsageError
from pyca.ui.api.media import MEDIA_TYPE


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    :param title: the same for all problems of this kind
    :param detail: what is wrong with this request, and what would be right
    :param pointer: the place in the body, such as ``/data/attributes/title``
    :param parameter: the query parameter
    :param header: the header
    """

    status: int
    title: str
    detail: str = ""
    pointer: str = ""
    parameter: str = ""
    header: str = ""

    def render(self) -> dict[str, Any]:
        """Return the error object of the standard."""
        source = {"pointer": self.pointer, "parameter": self.parameter, "header": self.header}
        told: dict[str, Any] = {"status": str(self.status), "title": self.title}
        if self.detail:
            told["detail"] = self.detail
        if known := {name: value for name, value in source.items() if value}:
            told["source"] = known
        return told


class ApiError(UsageError):
    """A request that cannot be carried out; nothing was changed.

    :param problems: at least one
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.detail or problem.title for problem in problems))
        self.problems = problems


def invalid(detail: str, pointer: str = "") -> Problem:
    """Return the problem of a body that cannot be used; older clients know its title.

    :param pointer: the place in the body
    """
    return Problem(400, "Invalid data", detail, pointer)


def not_found(title: str, detail: str = "") -> ApiError:
    """Return the error of something that is not there."""
    return ApiError(Problem(404, title, detail))


def conflict(detail: str, pointer: str = "") -> ApiError:
    """Return the error of what cannot be done as things stand now."""
    return ApiError(Problem(409, "That did not work", detail, pointer))


def answer_problems(problems: Sequence[Problem]) -> Response:
    """Return the response for problems; different statuses become the general one of their class."""
    statuses = {problem.status for problem in problems}
    status = statuses.pop() if len(statuses) == 1 else max(problems[0].status // 100 * 100, 400)
    body = {"errors": [problem.render() for problem in problems], "jsonapi": {"version": "1.1"}}
    response = Response(json.dumps(body), status, content_type=MEDIA_TYPE)
    response.headers["Vary"] = "Accept, Authorization, Cookie"
    return response
