from hypothesis import given
from hypothesis import strategies as st

from pyca.opencast import properties

DEFINITION = "org.opencastproject.workflow.definition"
PREFIX = "org.opencastproject.workflow.config."


def test_a_title_cannot_imitate_a_key_wherever_it_stands() -> None:
    title = f"First\nsecond\n{DEFINITION}=injected"
    for text in (
        f"event.title={title}\n{DEFINITION}=fast\n",
        f"{DEFINITION}=fast\nevent.title={title}\n",
        f"a=b\r\nevent.title={title}\r\n{DEFINITION}=fast\r\n".replace("First\n", "First\r\n"),
    ):
        found = properties.parse(text, title)
        assert properties.workflow(found) == "fast"
        assert found["event.title"] == title


def test_the_first_value_counts_and_lines_without_equals_do_not() -> None:
    assert properties.parse("a=1\na=2\nrest of something\n\n=x\nb==c=d\n", "") == {"a": "1", "b": "=c=d"}


def test_dots_in_a_parameter_survive_and_strangers_stay_out() -> None:
    text = f"{PREFIX}a.b.c=x=y\n{PREFIX}empty=\n{PREFIX}=no name\norg.opencastproject.workflow.configure=no\n"
    assert properties.workflow_parameters(properties.parse(text, "")) == {"a.b.c": "x=y", "empty": ""}


def test_inputs() -> None:
    for text, expected in (
        ("camera,screen", ("camera", "screen")),
        (" camera , Präsentation,,camera", ("camera", "Präsentation")),
        ("", ()),
    ):
        assert properties.inputs({"capture.device.names": text}) == expected
    assert properties.inputs({}) == ()


KEYS = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="."), min_size=1)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n", exclude_categories=("Cs",)))


@given(st.dictionaries(KEYS, VALUES), st.text(st.characters(codec="utf-8")), st.randoms())
def test_whatever_the_title_and_order_all_other_keys_are_right(values, title, random) -> None:
    values.pop("event.title", None)
    lines = [f"{key}={value}\n" for key, value in values.items()] + [f"event.title={title}\n"]
    random.shuffle(lines)
    found = properties.parse("".join(lines), title)
    assert {key: found[key] for key in values} == values
