"""Files of parts that nobody noted: what a crash left behind while the database was away."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pyca.capture.inputs import Job
from pyca.core.recording import Part
from pyca.runtime.disk import is_there

MISSING = 50
"""Parts in a row that are not there, after which none is expected: those between may lie in the fallback."""


def found_parts(uid: str, jobs: Sequence[Job], known: Sequence[Part]) -> list[Part]:
    """Return parts for the files in the recording folder that belong to none of the known ones.

    When they began is not known: ``started`` is 0.

    :param known: the parts that the recorder or the database knows
    """
    noted = {file for part in known for file in part.files}
    parts = []
    for job in jobs:
        for number, files in _candidates(job):
            if any(str(file) in noted for file in files):
                continue
            parts.append(
                Part(
                    uid=uid,
                    input=job.name,
                    number=number,
                    started=0.0,
                    files=tuple(str(file) for file in files),
                    flavors=job.input.flavors,
                )
            )
    return parts


def _candidates(job: Job) -> Iterator[tuple[int, tuple[Path, ...]]]:
    """Yield number and files of each run whose files are there, those moved out of the way first."""
    number, missing = 1, 0
    before: tuple[Path, ...] = ()
    while (files := job.files(number)) != before and missing < MISSING:
        before = files
        copies = list(_kept(files))
        files = tuple(_as_it_is_now(file, job.container) for file in files)
        here = any(is_there(file) for file in files)
        missing = 0 if here or copies else missing + 1
        for copy in copies:
            yield number, copy
        if here:
            yield number, files
        number += 1


def _as_it_is_now(file: Path, container: str) -> Path:
    """Return a file under the name that it has got since: joined with others, or in another container."""
    joined = file.with_name(f"{file.stem}-joined{file.suffix}")
    names = [file, joined]
    if container:
        names = [file, joined.with_suffix(f".{container}"), joined, file.with_suffix(f".{container}")]
    return next((name for name in names if is_there(name)), file)


def _kept(files: tuple[Path, ...]) -> Iterator[tuple[Path, ...]]:
    number = 1
    while any(is_there(kept_name(file, number)) for file in files):
        yield tuple(kept_name(file, number) for file in files)
        number += 1


def kept_name(file: Path, number: int) -> Path:
    """Return the name under which a file is kept that a command would write over."""
    return file.with_name(f"{file.stem}-kept{number}{file.suffix}")


def keep(files: tuple[Path, ...]) -> dict[str, str]:
    """Move the files of an earlier run out of the way.

    :return: old → new name
    :raises OSError: where that is not allowed
    """
    if not any(is_there(file) for file in files):
        return {}
    number = 1
    while any(is_there(kept_name(file, number)) for file in files):
        number += 1
    moved = {}
    for file in files:
        if file.exists():
            file.rename(kept_name(file, number))
            moved[str(file)] = str(kept_name(file, number))
    return moved
