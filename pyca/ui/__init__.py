"""The page. ``pyca.ui:app`` is a WSGI application made on first access; importing this room does nothing."""

from typing import Any

from pyca.ui.application import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """Make ``app`` from the configuration when somebody asks for it, as ``gunicorn pyca.ui:app`` does."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pyca.ui.wsgi import load_app

    globals()["app"] = app = load_app()
    return app
