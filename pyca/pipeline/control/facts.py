"""What is told about instances of pipelines, in the names that clients of the pipeline server know."""

import time
from collections.abc import Container, Mapping
from typing import Any

from pyca.instances.endings import Ending
from pyca.instances.running import Running
from pyca.pipeline.control.table import Entry
from pyca.pipeline.files.configuration import Configuration

_MOST_ENDINGS = 50
"""that are told at a time"""


def instance_facts(running: Running[Configuration], entry: Entry) -> dict[str, Any]:
    """Return the facts of an instance that runs.

    The first eight are those of the protocol. ``status`` tells what is wrong with what it gets or makes,
    empty where nothing is; ``input`` is where others may send to it.
    """
    size = running.size()
    return {
        "stream_address": running.address.shown,
        "is_stream_active": True,
        "camera_name": entry.configuration.camera_name,
        "config": entry.configuration.as_json(),
        "instance_id": running.name,
        "read_only": entry.read_only,
        "last_start_time": _moment(running.began),
        "statistics": running.statistics(),
        "online": running.online,
        "status": running.trouble if running.online else running.why,
        "permanent": entry.permanent,
        "pipeline": entry.origin or None,
        "pipeline_type": entry.configuration.pipeline_type,
        "geometry": list(size) if size else None,
        "kernel": running.facts.get("kernel"),
        "input": running.facts.get("input"),
    }


def flat_figures(running: Running[Configuration], entry: Entry) -> dict[str, Any]:
    """Return the facts of an instance that runs in one level, rates as numbers."""
    figures, facts = running.figures(), instance_facts(running, entry)
    statistics: dict[str, Any] = facts.pop("statistics")
    del facts["config"]
    return facts | statistics | {"rx": figures.receive_rate, "tx": figures.send_rate, "forwards": None}


def told_endings(endings: Mapping[str, Ending], running: Container[str] = ()) -> dict[str, dict[str, Any]]:
    """Return how instances have ended, by id; the newest ones.

    :param endings: the oldest first
    :param running: ids that run again, and have not ended
    """
    return {
        name: {"exitcode": one.exitcode, "status": one.reason, "time": _moment(one.moment)}
        for name, one in list(endings.items())[-_MOST_ENDINGS:]
        if name not in running
    }


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC+0000", time.gmtime(seconds))
