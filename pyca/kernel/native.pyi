from typing import Any

def scan(
    kind: str,
    height: int,
    width: int,
    image: Any,
    background: Any,
    threshold: float,
    to: Any,
    x_profile: Any,
    y_profile: Any,
    low: Any,
    high: Any,
) -> None: ...
def bands(kind: str, height: int, width: int, image: Any, edges: Any, of_rows: bool, sums: Any) -> None: ...
def gaussian(
    axis: Any, profile: Any
) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float], bool]: ...
def turn(
    kind: str, height: int, width: int, image: Any, cosine: float, sine: float, fill: float, to: Any
) -> None: ...
def curve(axis: Any, offset: float, amplitude: float, mean: float, sigma: float, to: Any) -> None: ...
