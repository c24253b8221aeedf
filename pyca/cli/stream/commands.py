"""The processes that a stream consists of: checked before anything is started, or only shown."""

import shlex
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import click

from pyca.cli.stream.wanted import Order
from pyca.core.live import Destination
from pyca.core.secrecy import mask
from pyca.live.engine.makers import STANDARD
from pyca.live.flow.hidden import reads_presets
from pyca.live.plan import Surroundings
from pyca.live.send import address, outlets
from pyca.live.source.encoders import COPY
from pyca.live.source.readiness import check_abilities

_PROGRESS = 3
"""descriptor of the camera's progress in what is shown; the real one differs"""


def show(order: Order, around: Surroundings) -> None:
    """Print the command of each process, keys and passwords masked.

    :raises PycaError: where one of them could not work here
    """
    for what, argv in commands(order, around):
        click.echo(f"# {what}\n{shlex.join(argv)}")


def commands(order: Order, around: Surroundings) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what each process is for, and its masked command.

    :raises PycaError: where one of them could not work here: there is no camera, or FFmpeg lacks an encoder
        or protocol
    """
    plan = order.plan
    parsed = {url: address.parse(url, one.key) for one in plan.destinations for url in urls(one)}
    schemes = {one.scheme for one in parsed.values()}
    # FFmpeg is asked several things, each of which takes longer than all that we do ourselves.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(reads_presets, around.tools.ffmpeg)
        check_abilities(plan.profile, plan.source, around, schemes)
    camera = STANDARD.camera(plan.profile, plan.source, around, _PROGRESS)
    if camera.before:
        yield "camera, its output is read by the next", _masked(camera.before)
    yield "input, encoder", _masked(camera.argv)
    copied = ", in the size of the camera's pictures" if plan.source.encoder == COPY else ""
    yield (
        f"standby picture, while there is no other{copied}",
        _masked(STANDARD.slate(plan.profile, None, around)),
    )
    for one in plan.destinations:
        for what, url in zip(("to", "or, in turn, to"), urls(one), strict=False):
            outlet = outlets.to_server(parsed[url], around)
            yield f"{what} {outlet.shown}", outlet.masked_argv
    if plan.record:
        yield "recording", outlets.to_file(plan.record, around).argv


def urls(one: Destination) -> list[str]:
    """Return the address of a destination, and its backup's where it has one."""
    return [url for url in (one.url, one.backup) if url]


def _masked(argv: Sequence[str]) -> list[str]:
    return [mask(word) for word in argv]
