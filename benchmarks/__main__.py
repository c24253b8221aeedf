"""Choose benchmarks, run them one after the other, print the table."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import (
    api,
    camera,
    epics,
    idle,
    ingested,
    live,
    paint,
    pipeline,
    pipeline_kernel,
    punctual,
    refresh,
    startup,
    upload,
)
from benchmarks.figures import Row, missing, print_table
from benchmarks.soak import soak

Measure = Callable[[bool], Iterator[Row]]

AGENT: dict[str, Measure] = {
    "punctual": punctual.measure,
    "ingested": ingested.measure,
    "idle": idle.measure,
    "refresh": refresh.measure,
    "upload": upload.measure,
    "startup": startup.measure,
}
API: dict[str, Measure] = {"api": api.measure}
LIVE: dict[str, Measure] = {
    "command": live.command,
    "service": live.service,
    "recovery": live.recovery,
    "cost": live.cost,
}
CAMERA: dict[str, Measure] = {
    "saturated": camera.saturated,
    "paced": camera.paced,
    "lifetime": camera.lifetime,
    "many": camera.many,
}
PIPELINE: dict[str, Measure] = {
    "passes": pipeline_kernel.passes,
    "processing": pipeline_kernel.processing,
    "through": pipeline.saturated,
    "steady": pipeline.paced,
    "begun": pipeline.lifetime,
}
EPICS: dict[str, Measure] = {"epics": epics.measure}
PAINT: dict[str, Measure] = {"paint": paint.measure}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for. The figures are shown, never judged; only “soak” judges."""
    options = _parser().parse_args(arguments)
    if options.suite == "soak":
        return soak(minutes=options.minutes, seed=options.seed, quick=options.quick, log=options.log)
    rows: list[Row] = []
    suites = {
        "agent": AGENT,
        "api": API,
        "paint": PAINT,
        "live": LIVE,
        "camera": CAMERA,
        "pipeline": PIPELINE,
        "epics": EPICS,
    }
    chosen = suites[options.suite]
    for name in [one for one in chosen if one in (options.only or chosen)] or chosen:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += chosen[name](options.quick)
        except Exception as error:  # one benchmark that fails must not cost the figures of the others
            rows.append(missing(name, f"{type(error).__name__}: {error}"))
    print_table(rows)
    if options.json:
        options.json.write_text(json.dumps([row.as_dict() for row in rows], indent=1) + "\n", "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "suite",
        choices=["agent", "api", "paint", "live", "camera", "pipeline", "epics", "soak"],
        help="agent: the services of a capture agent and its page; "
        "api: how fast page and API answer (needs wrk); paint: how fast the page is there (needs chromium); "
        "live: streams, to a server of our own (needs nginx with its RTMP module); "
        "camera: frames of the camera server, beside what this machine can do; "
        "pipeline: processing of images beside what memory allows, and from a camera through a pipeline; "
        "epics: images by Channel Access, with libca and with caproto (needs the extra “epics”); "
        "soak: many short recordings while everything goes wrong",
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    names = [*AGENT, *LIVE, *CAMERA, *PIPELINE]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--minutes", type=float, default=5.0, help="soak: how long events go on (default 5)")
    parser.add_argument("--seed", type=int, help="soak: repeat the events and faults of an earlier run")
    parser.add_argument("--log", type=Path, metavar="FILE", help="soak: keep there what the daemons said")
    return parser


if __name__ == "__main__":
    sys.exit(main())
