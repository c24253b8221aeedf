"""Are the cameras, microphones and displays there that the commands name?"""

from collections.abc import Iterator
from pathlib import Path

from pyca.cli.doctor.commands import configured
from pyca.cli.doctor.finding import Finding, failed, ok, skipped
from pyca.config.settings import Settings
from pyca.media.sources import look


def check(settings: Settings, root: Path = Path("/")) -> Iterator[Finding]:
    """Look for each of them once. None is opened: a recording that runs is not disturbed.

    :param root: where the machine's ``dev``, ``proc`` and ``tmp`` are
    """
    seen: set[str] = set()
    for name, wanted in configured(settings):
        for source in wanted.sources:
            if source.name in seen:
                continue
            seen.add(source.name)
            sight = look(source, root)
            if sight.there is None:
                yield skipped(name, sight.text)
            elif sight.there:
                yield ok(name, sight.text)
            else:
                yield failed(name, sight.text, sight.remedy)
    if not seen:
        yield ok("commands", "name no device and no address")
