"""Packaging of pyCA."""

import re
from pathlib import Path

from setuptools import Extension, find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "pyca" / "__init__.py").read_text("utf-8"))
REQUIREMENTS = [
    line
    for line in (HERE / "requirements.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]

# One that is not built is missed by nobody but pipelines, which do the same in NumPy then.
KERNEL = Extension(
    "pyca.kernel.native",
    ["pyca/kernel/native.c"],
    depends=[str(path.relative_to(HERE)) for path in sorted(HERE.glob("pyca/kernel/*.h"))],
    # Sums may be taken in another order, several at once; what is no number stays none.
    extra_compile_args=[
        "-std=c11",
        "-O3",
        "-fno-math-errno",
        "-fno-trapping-math",
        "-fno-signed-zeros",
        "-fassociative-math",
    ],
    define_macros=[("Py_LIMITED_API", "0x030b0000")],
    py_limited_api=True,
    optional=True,
)

setup(
    name="pyca",
    version=VERSION.group(1) if VERSION else "0",
    description="Capture agent, live streamer and camera server: cameras become recordings, streams and data",
    long_description=(HERE / "README.rst").read_text("utf-8"),
    long_description_content_type="text/x-rst",
    license="LGPL-3.0-or-later",
    python_requires=">=3.11",
    packages=find_packages(include=["pyca", "pyca.*"]),
    include_package_data=True,
    ext_modules=[KERNEL],
    package_data={
        "pyca": ["py.typed"],
        "pyca.ui": ["templates/*", "static/*"],
        "pyca.ui.api": ["*.yaml"],
        "pyca.ui.camera": ["*.yaml"],
        "pyca.ui.pipeline": ["*.yaml"],
    },
    install_requires=REQUIREMENTS,
    extras_require={
        "ffmpeg": ["imageio-ffmpeg>=0.5"],
        "postgresql": ["psycopg[binary]>=3.1"],
        "camera": [
            "numpy>=1.26",
            "pyzmq>=25",
            "bitshuffle>=0.5.1",
            "lz4>=4",
            "pillow>=10",
            "cmap>=0.5",
            "h5py>=3.10",
            "scipy>=1.11",
        ],
        "epics": ["caproto>=1.1", "pyepics>=3.5"],
        "mdns": ["zeroconf>=0.130"],
        "test": [
            "pytest>=8",
            "pytest-timeout",
            "pytest-xdist",
            "hypothesis",
            "ruff",
            "mypy",
            "import-linter",
            "coverage",
            "playwright",
            "axe-playwright-python",
            "schemathesis>=4",
            "types-psutil",
            "types-PyYAML",
            "types-python-dateutil",
            "types-pycurl",
            "zeroconf>=0.130",
        ],
    },
    entry_points={"console_scripts": ["pyca = pyca.cli:main"]},
)
