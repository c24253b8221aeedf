"""What an image is everywhere in pyCA."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
"""(height, width), of one of :data:`KINDS`"""
KINDS = tuple(np.dtype(name) for name in ("u1", "u2", "u4", "i2", "i4", "f4", "f8"))
Size = tuple[int, int]
"""width and height in pixels"""
