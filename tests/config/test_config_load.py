import os
from pathlib import Path

import pytest

from pyca.config import find_file, load
from pyca.config.settings import Settings
from pyca.core.errors import ConfigError

HISTORICAL = """\ufeff###
# pyCA Configuration
##

[agent]
name             = 'pyca-container'
ignore_timezone  = False
update_frequency = 30
cal_lookahead    = 7
backup_mode      = False
database         = sqlite:////srv/pyca.db

[capture]
directory        = './recordings'
# Command to use for capturing
command          = '''ffmpeg -nostats -f v4l2 -i /dev/video0
    -vf "drawtext=text='%{localtime}', scale=1, $x" -t {{time}} {{dir}}/{{name}}.mp4'''   # inline
sources          = 'rtsp://teststream',
flavors          = 'presenter/source', 'presentation/source'
names            = presenter
files            = '{{dir}}/{{name}}.mp4', "{{dir}}/{{name}}-2.mp4",
preview_dir      = '/tmp/previews'
preview          = '{{previewdir}}/presenter.jpg'
sigcustom        = 10
sigcustom_time   = 5
sigterm_time     = 10
sigkill_time     = 20
exit_code        = 1

[ingest]
delay_min = 1
delay_max = 3
delete_after_upload = True
upload_catalogs = yes
upload_rate = 2500k

[server]
url              = 'https://develop.opencast.org/'
insecure         = False
auth_method = 'basic'
username         = opencast_system_account
password         = "with ' and # and % and $x"
certificate     = ''
cookiefile = /tmp/cookies

[[service_overrides]]
org.opencastproject.ingest = 'https://ingest.example.org/ingest', 'https://second.example.org'

[ui]
username         = 'admin'
password         = 'opencast'
refresh_rate     = 2
url              = http://localhost:5000
log_command = 'journalctl --no-hostname -n 50 -u "pyca*"'

[services]
org.opencastproject.scheduler = https://scheduler.example.org,

[logging]
syslog           = False
stderr           = True
file             = ''
level            = debug
format           = [%(name)s:%(lineno)s:%(funcName)s()] [%(levelname)s] %(message)s
"""


def test_a_file_of_an_older_pyca_works_unchanged(configure):
    settings = configure(HISTORICAL)
    assert settings.agent.name == "pyca-container"
    assert settings.agent.database == "sqlite:////srv/pyca.db"
    assert "\n    -vf \"drawtext=text='%{localtime}', scale=1, $x\"" in settings.capture.command
    assert settings.capture.files == ("{{dir}}/{{name}}.mp4", "{{dir}}/{{name}}-2.mp4")
    assert settings.capture.directory == Path("recordings").absolute()
    assert settings.capture.preview == ("{{previewdir}}/presenter.jpg",)
    assert (settings.capture.sigcustom, settings.capture.sigkill_time) == (10, 20)
    assert settings.ingest.upload_rate == 2_500_000
    assert settings.server.url == "https://develop.opencast.org"
    assert settings.server.password == "with ' and # and % and $x"
    assert settings.server.certificate is None
    assert settings.services == {
        "org.opencastproject.ingest": "https://ingest.example.org/ingest",
        "org.opencastproject.scheduler": "https://scheduler.example.org",
    }
    assert settings.logging.format == Settings().logging.format
    assert [warning.partition("/pyca.conf")[2] for warning in settings.warnings] == [
        ":7: agent.ignore_timezone: has no effect any more and can be removed",
        ":18: capture.sources: has no effect any more and can be removed",
        ":20: capture.names: has no effect any more and can be removed",
        ":21: capture.files: “{{dir}}/{{name}}-2.mp4” does not appear in the command",
        ":23: capture.preview: “{{previewdir}}/presenter.jpg” does not appear in the command",
    ]


def test_windows_line_ends_change_nothing(configure):
    assert configure(HISTORICAL.replace("\n", "\r\n")) == configure(HISTORICAL)


def test_no_file_gives_the_defaults_and_fills_in_what_is_empty():
    settings = load(None, {"TZ": "Europe/Berlin"})
    assert settings.standalone
    assert settings.file is None
    assert settings.agent.name.startswith("pyca@")
    assert settings.agent.address == settings.ui.url
    assert settings.agent.timezone == "Europe/Berlin"
    assert settings.capture.directory.is_absolute()
    assert settings.agent.database == f"sqlite:///{Path.cwd()}/pyca.db"
    assert settings.warnings == ()


def test_inputs_keep_their_order_and_own_keys(configure):
    settings = configure("""
        [inputs]
        [[screen]]
        command = grab {{dir}}/a.mkv
        files = {{dir}}/a.mkv
        flavors = presentation/source
        [[camera]]
        command = 'film "{{dir}}/b c.mkv"'
        """)
    assert list(settings.inputs) == ["screen", "camera"]
    assert settings.inputs["screen"].flavors == ("presentation/source",)
    assert settings.inputs["camera"].command == 'film "{{dir}}/b c.mkv"'


@pytest.mark.parametrize(
    "text",
    [
        "[services]\ningest = http://127.0.0.1:8080/ingest/",
        "[service_overrides]\norg.opencastproject.ingest = http://127.0.0.1:8080/ingest",
        "[server]\n[[service_overrides]]\ningest = http://127.0.0.1:8080/ingest",
        "[agent]\n[[service_overrides]]\ningest = http://127.0.0.1:8080/ingest, http://x",
        "[services]\n[[service_overrides]]\ningest = http://127.0.0.1:8080/ingest",
    ],
)
def test_services_may_stand_in_several_places(configure, text):
    settings = configure(text)
    assert settings.services == {"org.opencastproject.ingest": "http://127.0.0.1:8080/ingest"}
    assert settings.warnings == ()


def test_the_search_order(tmp_path):
    system = tmp_path / "system.conf"
    assert find_file(None, tmp_path, system) is None
    system.touch()
    assert find_file(None, tmp_path, system) == system
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "pyca.conf").touch()
    assert find_file(None, tmp_path, system) == tmp_path / "etc" / "pyca.conf"
    (tmp_path / "own.conf").touch()
    assert find_file(Path("own.conf"), tmp_path, system) == tmp_path / "own.conf"
    with pytest.raises(ConfigError, match=r"missing\.conf: no such file"):
        find_file(Path("missing.conf"), tmp_path, system)


def test_a_folder_or_an_unreadable_file_is_said_plainly(tmp_path):
    with pytest.raises(ConfigError, match="is a folder, expected a file"):
        load(tmp_path, {})
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "gone.conf", {})
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match="cannot be read: Too many levels"):
        load(tmp_path / "loop", {})
    assert ConfigError.exit_code == os.EX_CONFIG == 78


@pytest.mark.parametrize("kind", ["FIFO", "endless", "link to endless", "large"])
def test_only_a_regular_file_of_sensible_size_is_read(tmp_path, kind):
    file = tmp_path / "pyca.conf"
    expected = r"pyca\.conf: is not a regular file"
    if kind == "FIFO":
        os.mkfifo(file)
    elif kind == "endless":
        file, expected = Path("/dev/zero"), "/dev/zero: is not a regular file"
    elif kind == "link to endless":
        file.symlink_to("/dev/zero")
    else:
        with file.open("wb") as large:
            large.truncate(1_000_001)
        expected = r"pyca\.conf: is larger than 1 MB"
    with pytest.raises(ConfigError, match=expected):
        load(file, {})


def test_a_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "real.conf").write_text("[ui]\nport = 5001\n")
    (tmp_path / "pyca.conf").symlink_to("real.conf")
    assert load(tmp_path / "pyca.conf", {}).ui.port == 5001
