import pytest


def test_all_mistakes_are_reported_together_in_the_order_of_the_file(refuse):
    problems = refuse("""[agent]
update_frequency = often
nmae = x
[caputre]
[ui]
port = 70000
""")
    assert problems == [
        ":2: agent.update_frequency: found “often”, expected a whole number of at least 5",
        ":3: agent.nmae: no such key; did you mean “name”?",
        ":4: caputre: no such section; did you mean “capture”?",
        ":6: ui.port: found “70000”, expected a whole number from 0 to 65535",
    ]


def test_syntax_errors_are_listed_with_all_others_and_never_show_a_value(refuse):
    problems = refuse("""[server]
password = "hunter2
password2 hunter2
url = http://a
url = http://hunter2
stall_timeout = 0
""")
    assert [problem.partition(": ")[0] for problem in problems] == [":2", ":3", ":5", ":6"]
    assert "“password” has unbalanced quotes" in problems[0]
    assert "neither a [section] nor a key" in problems[1]
    assert "“url” is set twice" in problems[2]
    assert "hunter2" not in "".join(problems)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a]\n[[[b]]]\n", ":2: section “b” needs as many"),
        ("[ui]\n[ui]\nport = 1", ":2: section “ui” is there twice"),
        ("[capture]\ncommand = '''a\nb\nc", ":2: the triple quotes of “command” are not closed"),
        (b"[ui]\nusername = M\xfcller\n", ":2: byte 0xfc in column 13 is not UTF-8; save"),
        (b"\xef\xbb\xbf[ui]\nusername = M\xfcller\n", ":2: byte 0xfc in column 13 is not UTF-8; save"),
        ("port = 1\n[ui]\n", ":1: port: stands before the first section; expected below [ui]"),
        ("ui = 1", ":1: ui: is a key outside of all sections"),
    ],
)
def test_a_broken_file_is_explained_once(refuse, text, problem):
    problems = refuse(text)
    assert any(one.startswith(problem) for one in problems)
    assert "Traceback" not in "".join(problems)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[capture]\ncommand = a, b", ":2: capture.command: found “a, b”, expected one text; put"),
        ("[capture]\ncommand = ''", ":2: capture.command: is empty"),
        ("[capture]\ncommand = 'a \"b'", ":2: capture.command: has a quote or backslash without its partner"),
        ('[ui]\nlog_command = "a \'b"', ":2: ui.log_command: has a quote"),
        ("[capture]\ncommand = a {{tme}}", ":2: capture.command: found “{{tme}}”, expected one of {{time}}"),
        ("[capture]\nfiles = {{ dir }}/a", "did you mean “dir”?"),
        ("[capture]\npreview = {{nam}}/a", ":2: capture.preview: found “{{nam}}”"),
        ("[capture]\nfiles = a, b", ":2: capture.files: found 1 flavor for 2 files, expected one flavor"),
        ("[capture]\nflavors = a/b, c/d", ":2: capture.flavors: found 2 flavors for 1 file"),
        ("[capture]\nflavors = ,\nfiles = ,", ":3: capture.files: is empty"),
        ("[capture]\nflavors = presenter", ":2: capture.flavors: found “presenter”, expected type/subtype"),
        ("[capture]\nfiles = a, a\nflavors = a/b, c/d", ":2: capture.files: names “a” twice"),
        ("[inputs]\n[[x]]\nfiles = a, b", ":2: inputs.x.command: is empty"),
        ("[inputs]\n[[x]]\ncommand = a\nfiles = a, b", ":4: inputs.x.files: found 1 flavor for 2 files"),
        ("[inputs]\n[['a,b']]\ncommand = a", ":2: inputs.a,b: has a comma"),
        (
            "[inputs]\n[[x]]\ncommand = a\nfiles = {{dir}}/a.ts\n[[y]]\ncommand = b\nfiles = {{dir}}/a.ts",
            ":7: inputs.y.files: “{{dir}}/a.ts” is written",
        ),
        ("[inputs]\ncommand = a", ":2: inputs.command: is a key; expected one section [[NAME]]"),
        (
            "[ingest]\ndelay_min = 3",
            ":2: ingest.delay_min: found 3, expected at most ingest.delay_max, which is 0",
        ),
        (
            "[server]\ncertificate = /no/ca.pem",
            ":2: server.certificate: found “/no/ca.pem”, expected a readable",
        ),
        ("[agent]\nname = a/b", ":2: agent.name: found “a/b”, expected at most 128 characters and no slash"),
        (f"[agent]\nname = {'n' * 129}", ":2: agent.name: found “nnn"),
        ("[agent]\ntimezone = Europe/Berln", "did you mean “Europe/Berlin”?"),
        ("[services]\ningest = nowhere", ":2: services.ingest: found “nowhere”, expected an address"),
        ("[services]\n[[ingest]]", ":2: services.ingest: is a section"),
        (
            "[services]\ningest = http://a\n[service_overrides]\ningest = http://b",
            "has the address http://a already",
        ),
        ("[server]\n[[service_override]]", "no such section; did you mean “service_overrides”?"),
        ("[server]\nservice_overrides = a", ":2: server.service_overrides: is a key"),
        ("[agent]\ndatabase = pyca:s3cret@host", "expected a database address"),
    ],
)
def test_mistakes_name_place_and_expectation(refuse, text, problem):
    problems = refuse(text)
    assert any(problem in one for one in problems), problems


def test_a_wrong_address_does_not_give_its_password_away(refuse):
    assert "s3cret" not in "".join(
        refuse("[server]\nurl = ftp://u:s3cret@host\n[services]\na = ftp://u:s3cret@h")
    )


def test_a_long_list_with_unbalanced_quotes_is_refused_at_once(refuse):
    (problem, *_) = refuse("[capture]\nfiles = " + "'a', " * 40 + "'b\n")
    assert problem == ":2: capture.files: has unbalanced quotes; put each item of the list in '…' or \"…\""


def test_a_long_list_of_quoted_items_is_fine(configure):
    items = [f"it {number}" for number in range(40)]
    flavors = ", ".join(["a/b"] * 40)
    text = (
        "[capture]\nflavors = "
        + flavors
        + "\nfiles = "
        + ", ".join(f"'{item}'" for item in items)
        + "  # many"
    )
    assert configure(text).capture.files == tuple(items)
