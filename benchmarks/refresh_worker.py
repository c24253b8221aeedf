"""The schedule service, ticked once for each line on standard input; the clock jumps to when it is due."""

import json
import os
import sys
import time

from benchmarks.home import CONFIG
from benchmarks.processes import forget_peak, peak, resident
from pyca.cli.reading import set_up_logs
from pyca.cli.services import make_service
from pyca.config import load
from pyca.core.clock import SystemClock
from pyca.core.states import ServiceName
from pyca.runtime.notify import Notifier
from pyca.runtime.pulse import Pulse
from pyca.store.database import Database
from pyca.store.heart import Heart
from pyca.store.upgrade import ensure


class JumpingClock(SystemClock):
    """The system's clock, put forward now and then."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead

    def jump(self, moment: float) -> None:
        self.ahead += max(moment - self.now(), 0.0)


def main() -> None:
    settings, clock = load(CONFIG, os.environ), JumpingClock()
    set_up_logs(settings, "schedule")
    database = Database(settings.agent.database)
    ensure(database)
    heart = Heart(ServiceName.SCHEDULE, database, clock)
    pulse = Pulse(clock=clock, notifier=Notifier(clock=clock), beat=heart.beat)
    service = make_service(ServiceName.SCHEDULE, settings, database, clock, pulse)
    due = clock.now()
    for _ in sys.stdin:
        clock.jump(due)
        forget_peak("self")
        size, before = resident("self"), time.process_time()
        due = service.tick()
        cpu, most = time.process_time() - before, peak("self")
        figures = {"cpu": cpu, "peak": most, "growth": most - size}
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()
    service.close()
    heart.close()
    database.dispose()


if __name__ == "__main__":
    main()
