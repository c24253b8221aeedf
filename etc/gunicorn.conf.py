"""The page behind a reverse proxy: ``gunicorn --config etc/gunicorn.conf.py pyca.ui:app``."""

import os
import secrets
import sys
from typing import Any

bind = "127.0.0.1:5000"
# or a socket that only nginx may open: bind = "unix:/run/pyca/ui.sock"

# Two processes answer while one is busy; loaded before they fork, they share most of their memory.
workers = 2
preload_app = True
# Whoever watches the stream of events or plays a recording keeps a thread for as long as that lasts.
worker_class = "gthread"
threads = 16
# A process takes no connection for which it has no thread left: the other one may have. Connections that are
# kept open would be counted too, and would all stay with the process that accepted them first.
worker_connections = threads
keepalive = 0
timeout = 30
graceful_timeout = 10

# Whoever writes into the address or the headers should not fill memory.
limit_request_line = 4094
limit_request_fields = 50

# nginx writes the access log. Set “-” to see requests on standard output.
# Nobody steers it but systemd: no socket in somebody's home.
control_socket_disable = True

accesslog = None
errorlog = "-"


def on_starting(server: Any) -> None:
    """Refuse, as “pyca ui” does, to open the page to a network with a password that everybody knows."""
    from dataclasses import replace

    from pyca.core.errors import ConfigError
    from pyca.ui.context import of_app
    from pyca.ui.serve import check_exposure

    ui = of_app(server.app.wsgi()).settings.ui
    # Other addresses than host and port are sockets in the file system, which have permissions.
    hosts = [address[0] for address in server.cfg.address if isinstance(address, tuple)]
    try:
        for host in hosts:
            check_exposure(replace(ui, bind=host))
    except ConfigError as error:
        sys.stderr.write(
            f"pyca: {error.problems[0]} (set a password of your own, or --bind 127.0.0.1:5000)\n"
        )
        raise SystemExit(error.exit_code) from None


def post_worker_init(worker: Any) -> None:
    """Show on the page and in ``pyca status`` that the page lives; let streams end with their process."""
    from pyca.ui.api.stream import feed_of
    from pyca.ui.context import of_app
    from pyca.ui.heartbeat import Heartbeat

    # systemd listens to gunicorn's main process only and complains of every word from a worker.
    os.environ.pop("NOTIFY_SOCKET", None)
    feed = feed_of(worker.wsgi)
    # Both processes were the same one until now; each counts its own messages.
    feed.name = secrets.token_hex(4)
    feed.ended = lambda: not worker.alive
    context = of_app(worker.wsgi)
    worker.heartbeat = Heartbeat(context.database, context.clock, "served by gunicorn")
    worker.heartbeat.start()


def worker_exit(server: Any, worker: Any) -> None:
    """Stop the sign of life together with the worker."""
    if hasattr(worker, "heartbeat"):
        worker.heartbeat.stop()
