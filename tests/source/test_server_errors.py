"""Whose turn a refusal of PostgreSQL is, in the words of its driver."""

from __future__ import annotations

import psycopg2  # type: ignore[import-untyped]
import pytest

from include.errors import ConfigError, UnavailableError
from include.source.server_errors import translate_refusal

ARGUMENTS = {"host": "db", "port": 5432, "connect_timeout": 10}
AT = 'connection to server at "db" (10.0.0.1), port 5432 failed: '


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        (
            f"{AT}Connection refused\n\tIs the server running?",
            UnavailableError,
            "db:5432: the connection is refused",
        ),
        (f"{AT}timeout expired", UnavailableError, "db:5432: no answer within 10 s"),
        (f"{AT}No route to host", UnavailableError, "there is no way to it from here"),
        (
            'could not translate host name "db" to address: ?',
            UnavailableError,
            "cannot be resolved",
        ),
        (f'{AT}FATAL:  password authentication failed for user "u"', ConfigError, "%40"),
        (f'{AT}FATAL:  database "x" does not exist', ConfigError, "there is no such database"),
        (f'{AT}FATAL:  role "u" is not permitted to log in', ConfigError, "ALTER ROLE"),
        (f'{AT}FATAL:  no pg_hba.conf entry for host "h"', ConfigError, "a line of pg_hba.conf"),
        (f'{AT}FATAL:  too many connections for role "u"', UnavailableError, "CONNECTION LIMIT"),
        (f"{AT}FATAL:  sorry, too many clients already", UnavailableError, "max_connections"),
        (f"{AT}server does not support SSL, but SSL was required", ConfigError, "ssl = on"),
    ],
)
def test_a_refusal_names_host_port_and_the_next_step(words, kind, text):
    found = translate_refusal(psycopg2.OperationalError(words), ARGUMENTS)
    assert type(found) is kind
    assert "db:5432: " in str(found)
    assert text in str(found)
    assert "connection to server" not in str(found)


def test_several_hosts_are_named_as_they_were_given():
    arguments = {**ARGUMENTS, "host": "a,b", "port": "1,2"}
    found = translate_refusal(psycopg2.OperationalError("timeout expired"), arguments)
    assert "a,b:1,2: no answer" in str(found)
