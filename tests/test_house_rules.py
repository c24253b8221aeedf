"""The rules of the house: layers, sizes, style, types, and that documents keep up with the program."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest

from pyca.cli.app import cli

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "pyca").rglob("*.py"))
LONGEST_MODULE = 350
LONGEST_FUNCTION = 50
CAMERA_ROOMS = (
    "pyca.bsread",
    "pyca.camera",
    "pyca.client",
    "pyca.images",
    "pyca.instances",
    "pyca.kernel",
    "pyca.pipeline",
    "pyca.sources",
    "pyca.ui.camera",
    "pyca.ui.imaging",
    "pyca.ui.pipeline",
)
"""what a plain capture agent never imports"""
HEAVY = ("numpy", "scipy", "zmq", "h5py", "twisted", "caproto")
# Put together here, so that this file does not name them either.
REGISTRIES = [
    ".".join(words)
    for words in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("crates", "io"))
]

Function = ast.FunctionDef | ast.AsyncFunctionDef
Place = str
"""where a rule is broken, as file:line"""


def nodes(*, without: str = "") -> Iterator[tuple[Path, ast.AST]]:
    """Every piece of syntax of the program, but for one room."""
    for path in MODULES:
        if without not in path.relative_to(ROOT).parts:
            yield from ((path, node) for node in ast.walk(ast.parse(path.read_text("utf-8"))))


def places(found: Iterable[tuple[Path, ast.AST]]) -> list[Place]:
    return [f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}" for path, node in found]


def imports(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module or ""} if isinstance(node, ast.ImportFrom) else set()


def runs_shell(node: ast.AST) -> bool:
    words = node.keywords if isinstance(node, ast.Call) else []
    return any(
        word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
        for word in words
    )


def tool(*argv: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *argv], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_modules_are_small() -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert not [f"{path}: {number}" for path, number in lines.items() if number > LONGEST_MODULE]


def test_functions_are_small() -> None:
    functions = [(path, node) for path, node in nodes() if isinstance(node, Function)]
    assert not places(
        (path, node) for path, node in functions if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    )


def test_no_global() -> None:
    assert not places((path, node) for path, node in nodes() if isinstance(node, ast.Global))


def test_no_bare_except() -> None:
    handlers = [(path, node) for path, node in nodes() if isinstance(node, ast.ExceptHandler)]
    assert not places((path, node) for path, node in handlers if node.type is None)


def test_prints_only_in_the_cli() -> None:
    names = [(path, node) for path, node in nodes(without="cli") if isinstance(node, ast.Name)]
    assert not places((path, node) for path, node in names if node.id == "print")


def test_no_shell() -> None:
    assert not places((path, node) for path, node in nodes() if runs_shell(node))


def test_no_pickle() -> None:
    unsafe = {"pickle", "pickletools", "marshal", "shelve", "dill"}
    # The one place where what clients send is read, which lets nothing run.
    allowed = ROOT / "pyca" / "images" / "unpickle.py"
    assert not places((path, node) for path, node in nodes() if imports(node) & unsafe and path != allowed)


def test_nothing_names_a_package_registry() -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    checked = [ROOT / file for file in files if file] or MODULES
    texts = {path: path.read_bytes().decode("utf-8", "ignore") for path in checked if path.is_file()}
    assert not [(path, host) for path, text in texts.items() for host in REGISTRIES if host in text]


def test_ruff_check() -> None:
    tool("ruff", "check", "--no-cache", "pyca", "tests", "setup.py")


def test_ruff_format() -> None:
    tool("ruff", "format", "--no-cache", "--check", "pyca", "tests", "setup.py")


@pytest.mark.timeout(600)
def test_mypy_strict() -> None:
    tool("mypy", "-p", "pyca")


def test_rooms_depend_one_way() -> None:
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_importing_does_nothing(tmp_path: Path) -> None:
    """No file, no thread, no log handler, whatever is imported; heavy libraries with cameras only."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        # Alembic runs this one as a script, with a context that only it can make.
        if path.name != "env.py"
    ]
    plain = [name for name in names if not name.startswith(CAMERA_ROOMS)]
    program = f"""
import importlib, logging, os, sys, threading
for name in {plain!r}:
    importlib.import_module(name)
heavy = [name for name in {HEAVY!r} if name in sys.modules]
for name in {names!r}:
    importlib.import_module(name)
found = {{
    "files": os.listdir(),
    "threads": threading.active_count() - 1,
    "heavy": heavy,
    "handlers": logging.getLogger().handlers,
}}
sys.exit(str(found) if any(found.values()) else 0)
"""
    result = subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def command_names(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from command_names(command, f"{before}{name} ")
        else:
            yield before + name


@pytest.mark.parametrize("name", sorted(command_names(cli)))
def test_command_is_in_the_readme(name: str) -> None:
    assert f"``{name}``" in (ROOT / "README.rst").read_text("utf-8")


def test_schema_is_that_of_the_newest_migration() -> None:
    from pyca.store.tables import SCHEMA

    versions = sorted((ROOT / "pyca" / "store" / "migrations" / "versions").glob("m*.py"))
    assert f'revision = "{SCHEMA}"' in versions[-1].read_text("utf-8")
