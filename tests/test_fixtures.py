"""What the fixtures promise."""

import socket

import psycopg
import pytest
import redis
import requests
from sqlalchemy import text


def _tables(url):
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()[0]


@pytest.mark.parametrize("visit", ["first", "second"])
def test_each_test_has_a_migrated_database_of_its_own(database_url, visit):
    assert _tables(database_url) > 0
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE visits (visit text)")
    assert visit in ("first", "second")


def test_the_session_commits_for_other_connections_to_see(session, database_url):
    session.execute(text("CREATE TABLE seen (n int)"))
    session.commit()
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (0,)


@pytest.mark.parametrize("visit", ["first", "second"])
def test_each_test_finds_redis_empty(redis_url, visit):
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.keys() == []
        connection.set("visit", visit)


def test_the_client_speaks_to_the_application(client):
    assert client.get("/nothing-lives-here").status_code == 404


def test_no_socket_leaves_this_machine():
    with socket.socket() as outward, pytest.raises(OSError, match="tests stay on this machine"):
        outward.connect(("192.0.2.1", 80))


def test_no_name_is_asked_for():
    with pytest.raises(requests.ConnectionError, match="do not ask where"):
        requests.get("http://example.org/", timeout=1)


def test_a_socket_may_reach_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        socket.create_connection(listening.getsockname()).close()
