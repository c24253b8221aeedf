"""Programs that end with us, however we end."""

import shutil
from collections.abc import Mapping, Sequence


def following(argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return a command that is killed when the thread that starts it ends, as by ``kill -9``.

    Without util-linux's ``setpriv`` it is the command itself: then it ends when it writes into a pipe that
    nobody reads.

    :param environ: the process environment: it says where programs are
    """
    setpriv = shutil.which("setpriv", path=environ.get("PATH"))
    return [setpriv, "--pdeathsig", "KILL", "--", *argv] if setpriv else list(argv)
