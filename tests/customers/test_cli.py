"""What an operator sees of customers, and decides."""

import stat

import pytest

from app.customers import files
from app.db import transaction
from tests.customers.conftest import SENDER


@pytest.fixture
def run(app):
    def running(*arguments: str):
        return app.test_cli_runner().invoke(args=["customers", *arguments])

    return running


def test_who_waits_for_a_decision_is_listed_shown_and_decided(app, give, known, run):
    app.config["CUSTOMER_REVIEW"] = True
    id = give(SENDER)
    assert id in run("list").output and "Ada" not in run("list").output
    assert "first_name  given  Ada" in run("show", id).output
    assert run("accept", id).exit_code == 0
    assert known(id).state == "accepted"
    run("reject", id, "a sanctions list")
    assert (known(id).state, known(id).message) == ("rejected", "a sanctions list")


def test_an_operator_asks_for_a_field_and_challenges_another(give, known, run):
    id = give({**SENDER, "email_address": "ada@example.org"})
    run("ask", id, "city", "we have to know")
    code = run("challenge", id, "email_address").output.strip()
    assert len(code) == 6 and code.isdigit()
    assert {field.name: field.standing for field in known(id).fields} == {
        "first_name": "given",
        "last_name": "given",
        "city": "wanted",
        "email_address": "unverified",
    }


def test_a_file_is_saved_for_its_reader_alone(identity, run, tmp_path):
    with transaction() as session:
        id = files.keep(session, identity(), b"%PDF-1.7").id
    path = tmp_path / "paper.pdf"
    assert "application/pdf, 8 bytes" in run("save", id, str(path)).output
    assert path.read_bytes() == b"%PDF-1.7"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("save", id, str(path)).exit_code != 0


@pytest.mark.parametrize("words", [("show", "1"), ("accept", "1"), ("challenge", "1", "city"), ("save", "1", "paper")])
def test_what_does_not_exist_is_one_line_and_an_exit_code(run, words):
    done = run(*words)
    assert done.exit_code == 1
    assert done.output.startswith("Error: ") and done.output.count("\n") == 1
