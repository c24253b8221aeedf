"""Choose benchmarks, run them one after the other, print the table."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import idle, ingested, punctual, refresh, startup, upload
from benchmarks.figures import Row, missing, print_table

Measure = Callable[[bool], Iterator[Row]]

AGENT: dict[str, Measure] = {
    "punctual": punctual.measure,
    "ingested": ingested.measure,
    "idle": idle.measure,
    "refresh": refresh.measure,
    "upload": upload.measure,
    "startup": startup.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; the figures are shown, never judged."""
    options = _parser().parse_args(arguments)
    rows: list[Row] = []
    for name in options.only or AGENT:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += AGENT[name](options.quick)
        except Exception as error:  # one benchmark that fails must not cost the figures of the others
            rows.append(missing(name, f"{type(error).__name__}: {error}"))
    print_table(rows)
    if options.json:
        options.json.write_text(json.dumps([row.as_dict() for row in rows], indent=1) + "\n", "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "suite", choices=["agent"], help="agent: the services of a capture agent and its page"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", action="append", choices=list(AGENT), metavar="NAME", help=", ".join(AGENT))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser


if __name__ == "__main__":
    sys.exit(main())
