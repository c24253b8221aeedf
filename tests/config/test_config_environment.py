def test_a_variable_wins_over_the_file(configure):
    environ = {
        "PYCA_UI_PORT": "8000",
        "PYCA_AGENT_DATABASE": "postgresql://a:b@c/d",
        "PYCA_CAPTURE_FILES": "a, b",
        "PYCA_CAPTURE_FLAVORS": "a/b,c/d",
        "PYCA_LOGGING_FILE": "/tmp/log",
        "PYCA_CONFIG": "/somewhere",
    }
    settings = configure("[ui]\nport = 1", environ)
    assert settings.ui.port == 8000
    assert settings.agent.database == "postgresql://a:b@c/d"
    assert settings.capture.files == ("a", "b")
    assert str(settings.logging.file) == "/tmp/log"
    assert settings.warnings == ()


def test_a_secret_comes_from_a_file_without_its_last_line_end(configure, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(" s3cret \n\n")
    settings = configure("", {"PYCA_SERVER_PASSWORD_FILE": str(secret)})
    assert settings.server.password == " s3cret \n"
    secret.write_text("postgresql://a:b@c/d\n")
    settings = configure("", {"PYCA_AGENT_DATABASE_FILE": str(secret)})
    assert settings.agent.database == "postgresql://a:b@c/d"


def test_mistakes_name_the_variable(refuse, tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff")
    problems = refuse(
        "[ui]\nport = 1",
        {
            "PYCA_UI_PORT": "many",
            "PYCA_SERVER_PASSWORD": "a",
            "PYCA_SERVER_PASSWORD_FILE": "b",
            "PYCA_UI_PASSWORD_FILE": "/no/file",
            "PYCA_AGENT_DATABASE_FILE": "binary",
            "PYCA_INGEST_DELAY_MIN": "9",
        },
    )
    assert "PYCA_UI_PORT: found “many”, expected a whole number from 0 to 65535" in problems
    assert "PYCA_SERVER_PASSWORD_FILE: PYCA_SERVER_PASSWORD is set too; expected one of the two" in problems
    assert any(
        one.startswith("PYCA_UI_PASSWORD_FILE: the file “/no/file” cannot be read: No such")
        for one in problems
    )
    assert any(one.startswith("PYCA_INGEST_DELAY_MIN: found 9, expected at most") for one in problems)


def test_a_secret_file_that_is_no_text_is_refused(refuse, tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff")
    (problem,) = refuse("", {"PYCA_UI_PASSWORD_FILE": str(tmp_path / "binary")})
    assert problem.endswith("cannot be read: is not UTF-8 text")


def test_an_unknown_variable_is_a_warning(configure):
    (warning,) = configure("", {"PYCA_SERVER_PASWORD": "x"}).warnings
    assert (
        warning == "PYCA_SERVER_PASWORD: sets no key and has no effect; did you mean “PYCA_SERVER_PASSWORD”?"
    )
