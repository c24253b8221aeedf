"""Which kernel there is."""

import os

from pyca.core.errors import MissingError, UsageError
from pyca.kernel.kernel import Kernel

VARIABLE = "PYCA_KERNEL"
_HOW = "install a C compiler and Python's headers, and install pyCA anew"


def load(wanted: str = "") -> Kernel:
    """Return the kernel in C where it was built, else the one in NumPy.

    :param wanted: “native” or “numpy” for this one; empty for what :data:`VARIABLE` in the environment says
    :raises MissingError: where C is wanted and was not built
    :raises UsageError: where something else is wanted
    """
    wanted = wanted or os.environ.get(VARIABLE, "")
    if wanted not in ("", "native", "numpy"):
        raise UsageError(f"{VARIABLE}: found “{wanted}”, expected native or numpy")
    if wanted != "numpy":
        try:
            from pyca.kernel.with_native import NativeKernel
        except ImportError as error:  # not built, or built for another machine or an older pyCA
            if wanted == "native":
                raise MissingError(f"the kernel in C was not built: {error}", _HOW) from error
        else:
            return NativeKernel()
    from pyca.kernel.with_numpy import NumpyKernel

    return NumpyKernel()
