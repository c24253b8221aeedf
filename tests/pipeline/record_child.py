"""A process that writes a file, as its standard input says."""

import os
import resource
import sys
from pathlib import Path

from pyca.core.errors import PycaError
from pyca.pipeline.record.writer import Writer
from tests.pipeline.record_tools import Record, image


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Do what each line says, and tell how that went and how many rows there are.

    ``write N``, ``resize N`` (images of another size), ``flush``, ``limit BYTES``, ``full``, ``close``
    """
    writer = Writer(Path(sys.argv[1]), change=True)
    number = 0
    size = (200, 150)
    for line in sys.stdin:
        word, *words = line.split()
        try:
            if word in ("write", "resize"):
                size = (100, 80) if word == "resize" else size
                for _ in range(int(words[0])):
                    values = {"image": image(number, *size), "n": number, "text": f"number {number}"}
                    writer.write(Record(number, values))
                    number += 1
            elif word == "flush":
                writer.flush()
            elif word == "limit":
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(words[0]), resource.RLIM_INFINITY))
            elif word == "full":
                assert writer._file is not None
                os.dup2(os.open("/dev/full", os.O_RDWR), writer._file.id.get_vfd_handle())
            elif word == "close":
                writer.close()
            tell("ok", writer.rows)
        except PycaError as error:
            tell(type(error).__name__, writer.rows, error)


main()
