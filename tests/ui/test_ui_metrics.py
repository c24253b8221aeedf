"""Figures for Prometheus: what is told, under which names, and that documents keep up with it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from pyca.config.settings import Settings
from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.event import Event
from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, Program
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.media import levels
from pyca.media.levels import Sounding
from pyca.store import alarms, events, figures, live, recordings, services, uploads, upstream
from pyca.store.database import Database
from pyca.store.figures import Figure
from pyca.store.survey import Backlog, look
from tests.tools import FakeClock
from tests.ui_tools import JPEG, Person, put

ROOT = Path(__file__).parents[2]
ETC = ROOT / "etc"
NAME = re.compile(r"\bpyca_[a-z_]+\b")
RULES = ETC / "prometheus" / "pyca.rules.yml"
Samples = dict[tuple[str, str], float]
"""name and labels → value"""


def samples(person: Person) -> Samples:
    answer = person.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name, ",".join(f"{key}={one.labels[key]}" for key in sorted(one.labels))): one.value
        for family in families
        for one in family.samples
    }


def streaming(now: float) -> LiveReport:
    """A stream with one destination that takes it and one that does not."""
    links = (
        LinkReport("main", "YouTube", LinkState.LIVE, sent=900_000, bitrate=850e3, reconnects=1),
        LinkReport("2", "secret-label", LinkState.WAITING, error="no route to secret-host", dropped=7),
    )
    return LiveReport(
        LiveState.STREAMING,
        started=now - 90,
        program=Program.CAMERA,
        at=now - 1,
        fps=25.0,
        bitrate=860e3,
        dropped=3,
        source_restarts=2,
        sent=900_000,
        cpu=35.0,
        memory=80_000_000,
        links=links,
    )


@pytest.fixture
def busy(database: Database, settings: Settings, clock: FakeClock) -> Database:
    """An agent of which there is something to tell in every family."""
    now = clock.now()
    put(database, "r", EventState.RECORDING, now)
    put(database, "u", EventState.UPLOADING, now, start=now - 9000)
    put(database, "d", EventState.FINISHED_UPLOADING, now)
    with database.write() as session:
        events.add(session, Event("n", "Next", now + 600, now + 1200))
        for name in ServiceName:
            services.beat(session, name, ServiceState.BUSY, "", now - 3)
        upstream.succeeded(session, "ics", now - 30)
        upstream.failed(session, "ics", now, "gone")
        uploads.save(session, Upload("u", "x", bytes_sent=450_000_000, bytes_total=1_800_000_000, rate=5e6))
        alarms.store(session, Alarm(AlarmKind.DISK, "full", now - 5, service="capture"))
        for label, number in (("0.05", 3), ("+Inf", 1)):
            figures.add(session, Figure.LATENESS, number, label)
        figures.add(session, Figure.LATENESS_SUM, 400.5)
        figures.add(session, Figure.RECORDED_SECONDS, 5400)
        figures.add(session, Figure.UPLOAD_FAILURES, 2, "temporary")
        orders = live.order(session, now, wanted=True)
        live.save_report(session, streaming(now), orders)
    levels.write(settings.capture.preview_dir, {"camera": Sounding(-23.0, -20.0, now)})
    (settings.capture.preview_dir / "camera.jpg").write_bytes(JPEG)
    return database


def test_an_empty_agent_has_figures(person: Person) -> None:
    found = samples(person)
    assert found["pyca_recording", ""] == 0
    assert found["pyca_recorded_seconds_total", ""] == 0
    assert found["pyca_start_lateness_seconds_count", ""] == 0
    assert ("pyca_next_event_seconds", "") not in found
    assert found["pyca_service_state", "service=capture,state=stopped"] == 1


def test_what_is_told(person: Person, busy: Database) -> None:
    found = samples(person)
    expected = {
        ("pyca_recording", ""): 1,
        ("pyca_recordings", "state=uploading"): 1,
        ("pyca_events_upcoming", ""): 1,
        ("pyca_next_event_seconds", ""): 600,
        ("pyca_service_state", "service=capture,state=busy"): 1,
        ("pyca_service_state", "service=capture,state=idle"): 0,
        ("pyca_service_heartbeat_age_seconds", "service=capture"): 3,
        ("pyca_alarms", "kind=disk"): 1,
        ("pyca_alarms_raised_total", "kind=disk"): 1,
        ("pyca_recorded_seconds_total", ""): 5400,
        ("pyca_upload_failures_total", "kind=temporary"): 2,
        ("pyca_start_lateness_seconds_bucket", "le=0.025"): 0,
        ("pyca_start_lateness_seconds_bucket", "le=300.0"): 3,
        ("pyca_start_lateness_seconds_bucket", "le=+Inf"): 4,
        ("pyca_start_lateness_seconds_count", ""): 4,
        ("pyca_start_lateness_seconds_sum", ""): 400.5,
        ("pyca_upload_backlog_bytes", ""): 1_800_000_000,
        ("pyca_upload_failed", ""): 0,
        ("pyca_upload_oldest_age_seconds", ""): 9000,
        ("pyca_upload_progress_ratio", ""): 0.25,
        ("pyca_upload_rate_bytes_per_second", ""): 5e6,
        ("pyca_sound_level_dbfs", "input=camera"): -23,
        ("pyca_sound_peak_dbfs", "input=camera"): -20,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert found["pyca_disk_recording_seconds_left", "disk=recordings"] > 0
    assert ("pyca_preview_age_seconds", "input=camera") in found
    assert ("pyca_upstream_up", "name=ics") not in found, "no calendar file is configured"


def test_a_stream_is_told(person: Person, busy: Database) -> None:
    found = samples(person)
    expected = {
        ("pyca_live_wanted", ""): 1,
        ("pyca_live_state", "state=streaming"): 1,
        ("pyca_live_state", "state=idle"): 0,
        ("pyca_live_program", "program=camera"): 1,
        ("pyca_live_session_seconds", ""): 90,
        ("pyca_live_fps", ""): 25,
        ("pyca_live_bitrate_bits_per_second", ""): 860e3,
        ("pyca_live_cpu_cores", ""): 0.35,
        ("pyca_live_memory_bytes", ""): 80e6,
        ("pyca_live_dropped_frames_total", ""): 3,
        ("pyca_live_source_restarts_total", ""): 2,
        ("pyca_live_sent_bytes_total", ""): 900_000,
        ("pyca_live_destination_state", "destination=main,state=live"): 1,
        ("pyca_live_destination_state", "destination=2,state=waiting"): 1,
        ("pyca_live_destination_state", "destination=2,state=live"): 0,
        ("pyca_live_destination_bitrate_bits_per_second", "destination=main"): 850e3,
        ("pyca_live_destination_sent_bytes_total", "destination=main"): 900_000,
        ("pyca_live_destination_dropped_frames_total", "destination=2"): 7,
        ("pyca_live_destination_reconnects_total", "destination=main"): 1,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert "secret" not in person.get("/metrics").text


def test_a_stream_that_nobody_reports_on_any_more_is_idle(
    person: Person, busy: Database, clock: FakeClock
) -> None:
    clock.move(60)
    found = samples(person)
    assert found["pyca_live_wanted", ""] == 1
    assert found["pyca_live_state", "state=idle"] == 1
    assert not [name for name, _ in found if name.startswith("pyca_live_destination_bitrate")]


def test_an_agent_that_never_streams_has_no_figures_of_streams(person: Person) -> None:
    assert "pyca_live_state" not in person.get("/metrics").text


def test_the_rate_is_that_of_the_page(busy: Database, clock: FakeClock) -> None:
    from pyca.core.recording import data_rate

    with busy.read() as session:
        found = look(session, clock.now()).rate
        over = [EventState.UPLOADING, EventState.FINISHED_UPLOADING]
        assert found == pytest.approx(data_rate(recordings.listing(session, states=over)))


def test_what_was_deleted_undelivered_waits_for_nothing(database: Database, clock: FakeClock) -> None:
    now = clock.now()
    steps = {"here": None, "tried": UploadStep.TRACKS, "going": UploadStep.DELETING, "gone": UploadStep.GONE}
    for number, (uid, step) in enumerate(steps.items()):
        put(database, uid, EventState.FAILED_UPLOADING, now, start=now - 9000 - number * 1000)
        if step:
            with database.write() as session:
                uploads.save(session, Upload(uid, "x", step))
    with database.read() as session:
        found = look(session, now)
    assert found.backlog == Backlog(2 * 1_800_000_000, now - 10_000, 2)
    assert found.states == {"failed uploading": 4}


def test_no_figure_is_named_after_a_recording(person: Person, busy: Database) -> None:
    with busy.write() as session:
        alarms.store(session, Alarm(AlarmKind.COMMAND, "x", 1.0, "secret-uid", "camera"))
    assert "secret-uid" not in person.get("/metrics").text


def test_postgresql_tells_the_same(postgresql: str, clock: FakeClock) -> None:
    from pyca.store.upgrade import ensure

    database = Database(postgresql)
    ensure(database)
    now = clock.now()
    for uid in ("a", "b"):
        put(database, uid, EventState.UPLOADING, now)
    with database.write() as session:
        figures.add(session, "n", 2, "x")
        figures.add(session, "n", 3, "x")
        uploads.save(session, Upload("a", "x", bytes_sent=5, bytes_total=10))
        upstream.succeeded(session, "server", now)
    with database.read() as session:
        found = look(session, now)
    database.dispose()
    assert found.states == {"uploading": 2}
    assert (found.upcoming, found.following, found.untold) == (0, None, 0)
    assert found.figures["n", "x"] == 5
    assert found.backlog.size == 2 * 1_800_000_000
    assert {one.name: one.checked for one in found.upstreams}["server"] == now


def names(text: str) -> set[str]:
    return set(NAME.findall(text))


@pytest.fixture
def told(person: Person, busy: Database, settings: Settings) -> set[str]:
    """The names of all samples and families."""
    found = names(person.get("/metrics").text)
    return found


def test_every_family_is_documented(told: set[str], person: Person) -> None:
    families = {family.name for family in text_string_to_metric_families(person.get("/metrics").text)}
    totals = {name for name in told if name.endswith("_total")}
    documented = (ROOT / "docs" / "operations.rst").read_text("utf-8")
    wanted = {f"{name}_total" if f"{name}_total" in totals else name for name in families}
    assert not {name for name in wanted if f"``{name}``" not in documented}


def test_dashboard_and_rules_use_figures_that_exist(told: set[str]) -> None:
    dashboard = json.loads((ETC / "grafana" / "pyca.json").read_text("utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    used = names(" ".join(queries) + " ".join(rule["expr"] for rule in alerts))
    assert len(used) > 15
    assert not used - told
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] for rule in alerts)


def test_every_alert_is_tested(told: set[str]) -> None:
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    tests = yaml.safe_load((ETC / "prometheus" / "pyca.rules.test.yml").read_text("utf-8"))
    tried = {one["alertname"] for test in tests["tests"] for one in test["alert_rule_test"]}
    assert {rule["alert"] for group in rules["groups"] for rule in group["rules"]} == tried


def test_the_example_reads_its_token_from_a_file() -> None:
    example = yaml.safe_load((ETC / "prometheus" / "prometheus.yml").read_text("utf-8"))
    (job,) = example["scrape_configs"]
    assert job["authorization"] == {"type": "Bearer", "credentials_file": "/etc/prometheus/pyca.token"}
