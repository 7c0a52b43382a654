"""The sandbox command: orders to a network that runs."""

import json

from click.testing import CliRunner

from app.sandbox.network.cli import command
from app.sandbox.network.faults import KINDS


def run(*words):
    return CliRunner().invoke(command, words)


def test_a_fault_ordered_by_command_is_there_until_healed(shore):
    ordered = run("fault", "busy", "--times", "3", "--match", "/ledgers", "--at", shore.net.url)
    assert json.loads(ordered.output)["faults"][0]["kind"] == "busy"
    assert json.loads(run("heal", "--at", shore.net.url).output)["faults"] == []


def test_ledgers_are_closed_and_nodes_kept_behind_by_command(shore):
    before = shore.net.show()["ledger"]
    run("lag", "2", "--at", shore.net.url)
    shown = json.loads(run("close", "5", "--at", shore.net.url).output)
    assert (shown["ledger"], shown["nodes"][0]) == (before + 5, {"ledger": before + 3, "lag": 2})


def test_weather_is_set_by_command(shore):
    run("weather", "--seed", "3", "--percent", "20", "--at", shore.net.url)
    assert json.loads(run("show", "--at", shore.net.url).output)["weather_percent"] == 20


def test_the_help_lists_every_kind_of_fault():
    listed = run("fault", "--help").output
    assert all(kind in listed for kind in KINDS)


def test_an_order_to_nobody_is_a_line_and_an_exit_code():
    refused = run("heal", "--at", "http://127.0.0.1:1")
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
