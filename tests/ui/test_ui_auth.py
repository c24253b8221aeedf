"""Nobody comes in without the password, and no form comes from elsewhere."""

import pytest
from flask.testing import FlaskClient

from pyca.store import events
from pyca.store.database import Database
from tests.ui_tools import PASSWORD, USER, Person

PATHS = [
    "/",
    "/status.html",
    "/status.json",
    "/img/0",
    "/metrics",
    "/record",
    "/nowhere",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "auth", [None, (USER, "wrong"), ("other", PASSWORD), (USER, ""), ("", ""), (USER, PASSWORD + "x")]
)
def test_strangers_stay_outside(client: FlaskClient, path: str, auth: tuple[str, str] | None) -> None:
    answer = client.get(path, auth=auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="pyCA"')


@pytest.mark.parametrize(
    "header", ["Bearer abc", "Basic", "Basic !!!", "Basic YQ==", "Digest username=x", "💥"]
)
def test_odd_credentials_are_refused(client: FlaskClient, header: str) -> None:
    answer = client.get("/", headers={"Authorization": header.encode().decode("latin-1")})
    assert answer.status_code == 401


def test_a_name_and_password_with_umlauts_are_let_in(person: Person) -> None:
    assert person.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/nowhere", "/health/live", "/static/page.js"])
def test_every_answer_keeps_browsers_strict(person: Person, path: str) -> None:
    headers = person.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_the_page_obeys_its_own_policy(person: Person) -> None:
    text = person.get("/").text
    assert " style=" not in text and "<style" not in text and " onclick=" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert text.count("<script") == 1 and '<script type="module" src="/static/' in text


FORM = {"title": "Talk", "minutes": "5", "inputs": ["camera"]}


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({"token": ""}, {}),
        ({"token": "0" * 64}, {}),
        ({"token": "ü"}, {}),
        ({}, {"Origin": "http://evil.example"}),
        ({}, {"Origin": "null"}),
        ({}, {"Sec_Fetch_Site": "cross-site"}),
        ({}, {"Sec_Fetch_Site": "same-site"}),
    ],
)
def test_forged_forms_change_nothing(
    person: Person, database: Database, data: dict[str, object], headers: dict[str, str]
) -> None:
    assert person.post("/record", FORM | data, **headers).status_code == 403
    with database.read() as session:
        assert events.upcoming(session) == []


def test_own_forms_pass(person: Person) -> None:
    headers = {"Origin": "http://localhost", "Sec_Fetch_Site": "same-origin"}
    assert person.post("/record", FORM, **headers).status_code == 303


def test_the_token_needs_the_password_too(person: Person) -> None:
    token = person.get("/record").text.split('name="token" value="')[1].split('"')[0]
    assert person.client.post("/record", data=FORM | {"token": token}).status_code == 401
    assert (
        person.client.post("/record", data=FORM | {"token": token}, auth=(USER, PASSWORD)).status_code == 303
    )
