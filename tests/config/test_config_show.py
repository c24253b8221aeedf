import json
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from pyca.config import Settings, as_dict, load, show
from pyca.config.keys import SECTIONS, kinds
from pyca.config.settings import Input
from pyca.config.types import MASK, Boolean, Integer, Lines, Rate, Text, Words
from pyca.core.errors import ConfigError

SECRETS = """
[agent]
database = postgresql://pyca:s3cret@host/db
calendar = https://u:s3cret@example.org/a.ics
[server]
password = s3cret
url = https://u:s3cret@example.org
[ui]
password = ''
[services]
ingest = https://u:s3cret@example.org
"""


def test_secrets_are_masked_and_empty_ones_stay_empty(configure):
    settings = configure(SECRETS)
    text, data = show(settings), json.dumps(as_dict(settings))
    assert "s3cret" not in text + data
    assert "database = 'postgresql://pyca:********@host/db'" in text
    assert f"password = '{MASK}'" in text
    assert "password = ''" in text
    assert as_dict(settings)["ui"]["password"] == ""


def test_the_origin_and_what_differs_are_said(configure):
    settings = configure(
        "[ui]\nport = 8000\n[inputs]\n[[cam]]\ncommand = film\n[services]\ningest = http://localhost"
    )
    text = show(settings, {})
    assert text.startswith(f"# Effective configuration of pyCA, read from {settings.file}\n")
    assert "# differs from the default, which is 5000\nport = 8000\n" in text
    assert "[['cam']]\n# differs from the default, which is ''\ncommand = 'film'\n" in text
    assert text.count("differs") == 2
    assert "'org.opencastproject.ingest' = 'http://localhost'\n" in text
    assert "no file: all defaults" in show(load(None, {}))


def test_the_plain_data_holds_every_key_and_what_json_can_hold(configure):
    settings = configure("[inputs]\n[[cam]]\ncommand = film")
    data = json.loads(json.dumps(as_dict(settings)))
    for name, cls in SECTIONS.items():
        assert set(data[name]) == {key.name for key in fields(cls)}
    assert data["inputs"]["cam"]["flavors"] == ["presenter/source"]
    assert data["file"] == str(settings.file)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r{")).filter(
    lambda text: not ("'''" in text and '"""' in text)
)
ITEM = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\0\r\n{"'), min_size=1)
COMMAND = st.lists(st.text("ab ü%$,#'", min_size=1)).map(lambda words: "run " + " ".join(map(repr, words)))


def values_of(kind):
    """Values that a key of this kind can have."""
    if isinstance(kind, Boolean):
        return st.booleans()
    if isinstance(kind, Integer):
        return st.integers(kind.minimum, kind.maximum)
    if isinstance(kind, Rate):
        return st.integers(0, 10**12)
    if isinstance(kind, Words):
        return st.lists(st.sampled_from(kind.words)).map(tuple)
    if isinstance(kind, Lines):
        return st.lists(ITEM).map(tuple)
    return TEXT if type(kind) is Text else None


def sections_of(cls, **fixed):
    """Sections of a class with values of every sort; those of addresses and paths stay as they are."""
    free = {key: values for key, kind in kinds(cls).items() if (values := values_of(kind)) is not None}
    return st.fixed_dictionaries({**free, **fixed})


@given(st.data())
def test_what_is_shown_loads_as_the_same_settings(tmp_path_factory, data):
    usual = load(None, {})
    pairs = data.draw(st.lists(st.tuples(ITEM, st.just("a/b")), min_size=1, unique_by=lambda pair: pair[0]))
    lists = {"files": st.just(tuple(f for f, _ in pairs)), "flavors": st.just(tuple(f for _, f in pairs))}
    name = {"name": st.just(usual.agent.name), "timezone": st.just("Europe/Berlin")}
    name["address"] = st.just(usual.agent.address)
    drawn = {
        "agent": replace(usual.agent, **data.draw(sections_of(SECTIONS["agent"], **name))),
        "capture": replace(
            usual.capture, **data.draw(sections_of(SECTIONS["capture"], **lists, command=COMMAND))
        ),
        "ingest": replace(usual.ingest, **data.draw(sections_of(SECTIONS["ingest"], delay_min=st.just(0)))),
        "ui": replace(usual.ui, **data.draw(sections_of(SECTIONS["ui"], log_command=COMMAND))),
        "inputs": {"größe # 1": Input(command="run", files=("a",))},
    }
    settings = replace(usual, **drawn)
    file = tmp_path_factory.getbasetemp() / "shown.conf"
    file.write_text(show(settings), "utf-8")
    again = load(file, {})
    masked = {"server": replace(again.server, password=usual.server.password)}
    masked["ui"] = replace(again.ui, password=usual.ui.password)
    assert replace(again, **masked, file=None, warnings=()) == settings


SECTION_LINES = [
    "[agent]",
    "[capture]",
    "[inputs]",
    "[[x]]",
    "[services]",
    "[[service_overrides]]",
    "[[[",
    "[ui",
]
KEY_LINES = [
    "command = '''a",
    "'''",
    "name = ü",
    "files = a, 'b",
    "preview = ,",
    "port = '1'",
    "'' = 1",
    "url =",
]
PIECES = [*SECTION_LINES, *KEY_LINES]
LINES = st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=12)


@given(LINES.map("\n".join) | st.text())
def test_any_text_gives_settings_or_a_config_error(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "any.conf"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(load(file, {}), Settings)
    except ConfigError as error:
        assert error.problems


def test_passwords_of_cameras_are_masked(configure):
    command = "film -i rtsp://admin:geheim@10.0.0.5/a -i rtsp://admin:geheim@10.0.0.6/b"
    settings = configure(f"[capture]\ncommand = {command}\n[inputs]\n[[cam]]\ncommand = {command}")
    for text in (show(settings), str(as_dict(settings))):
        assert "geheim" not in text
        assert text.count("10.0.0.6/b") == 2
    assert settings.capture.command == command
