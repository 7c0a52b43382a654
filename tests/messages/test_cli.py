"""What an operator sees of the outbox."""

import pytest

from app.messages.cli import messages
from app.messages.models import Message


@pytest.fixture
def run(app):
    app.cli.add_command(messages)

    def running(*arguments: str):
        return app.test_cli_runner().invoke(args=["messages", *arguments])

    return running


def test_failed_messages_are_listed_without_their_address_and_retried(app, session, receivers, say, drain, run):
    app.config["MESSAGE_ATTEMPTS_MAX"] = 1
    receiver = receivers(500, 200)
    id = say(receiver.url + "/?token=secret", "hello")
    drain()
    listed = run("list").output
    assert id in listed and "HTTP 500" in listed and "secret" not in listed
    assert run("retry", id).exit_code == 0
    drain()
    assert session.get(Message, id).state == "sent"


def test_there_is_nothing_to_retry_in_what_was_sent(receiver, say, drain, run):
    id = say(receiver.url, "hello")
    drain()
    assert run("retry", id).exit_code != 0
