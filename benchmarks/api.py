"""How fast page and API answer: gunicorn with our configuration on loopback, databases small and large."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from benchmarks.figures import Row, missing
from benchmarks.home import home
from benchmarks.load import load
from benchmarks.processes import family, usage
from benchmarks.web import PASSWORD, Server, ask, fill, gunicorn

CONNECTIONS = 16


@dataclass(frozen=True)
class Question:
    """What is asked.

    :param polled: send the tag of an earlier answer, so that 304 comes back
    :param alone: target in milliseconds of one request after the other, with what exists
    :param at_once: target in requests per second, with what exists
    """

    path: str
    polled: bool = False
    alone: float | None = None
    at_once: float | None = None
    existing: tuple[str, str] = ("–", "–")


QUESTIONS = (
    Question("/api/events", alone=10.0, at_once=300.0, existing=("443 ms", "2 rps")),
    Question("/metrics", alone=8.0, at_once=400.0, existing=("77 ms", "24 rps")),
    Question("/api/services"),
    Question("/"),
    Question("/status.html", polled=True),
    Question("/api/events", polled=True),
)


def measure(quick: bool) -> Iterator[Row]:
    seconds = 1 if quick else 5
    for number in (10, 1000) if quick else (10, 1000, 10_000):
        with home(PYCA_UI_PASSWORD=PASSWORD) as place:
            token = fill(place, number)
            ways = {"token": f"Bearer {token}"} | ({"password": _basic()} if number == 1000 else {})
            with gunicorn(place) as server:
                for question, (way, secret) in product(QUESTIONS, ways.items()):
                    yield from _rows(question, server, secret, seconds, f"{number:,} events, {way}")


def _rows(question: Question, server: Server, secret: str, seconds: int, where: str) -> Iterator[Row]:
    what = f"GET {question.path}{' not modified' if question.polled else ''}, {where}"
    headers = {"Authorization": secret}
    status, tag = ask(server.port, question.path, headers)
    if status != 200:
        yield missing(what, f"status {status}")
        return
    if question.polled:
        headers["If-None-Match"] = tag
        if ask(server.port, question.path, headers)[0] != 304:
            yield missing(what, "it is sent again although nothing has changed")
            return
    url = f"http://127.0.0.1:{server.port}{question.path}"
    # The first requests of each process fill what it remembers.
    load(url, headers, connections=4, seconds=1)
    alone = load(url, headers, connections=1, seconds=seconds)
    before = usage(family(server.pid)).cpu
    full = load(url, headers, connections=CONNECTIONS, seconds=seconds)
    spent = usage(family(server.pid)).cpu - before
    yield Row(f"{what}, alone", question.existing[0], question.alone, "ms", (alone.latency,))
    yield Row(
        f"{what}, {CONNECTIONS} at once",
        question.existing[1],
        question.at_once,
        "rps",
        (full.rate,),
        at_least=True,
    )
    yield Row(f"{what}, CPU for one", "–", None, "ms", (1000 * spent / full.count,))


def _basic() -> str:
    return "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
