"""Rows that a policy hides are never missing from a snapshot: it reads all, or names the policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from include.errors import ConfigError
from include.source.postgres import SourceDatabase

ENABLE = "alter table seat enable row level security"
ALL = "create policy everything on seat for select to {} using (true)"
TWO = "create policy only_two on seat using (id < 3)"
PART = "create policy part on seat as restrictive"
NONE = "none, so that no row is seen"


@pytest.fixture
def role(source_url: str, execute: Any) -> Iterator[str]:
    """A role that owns nothing, in the group <role>_s; roles are the server's."""
    name = f"r_{sa.make_url(source_url).database}"
    execute(f"create role {name}_s", f"create role {name} login password 'p' in role {name}_s")
    execute(
        f"grant select on all tables in schema public to {name}",
        "insert into seat (id) select generate_series(1, 4)",
    )
    yield name
    execute(f"drop owned by {name}, {name}_s", f"drop role {name}, {name}_s")


@pytest.fixture
def reader(source_url: str, role: str) -> SourceDatabase:
    """The source as that role sees it."""
    url = sa.make_url(source_url).set(username=role, password="p")
    return SourceDatabase.open(url.render_as_string(hide_password=False))


def count_seats(source: SourceDatabase) -> int:
    with source.snapshot() as snapshot:
        return int(snapshot.one("select count(*) from seat")[0])


@pytest.mark.parametrize(
    "policies",
    [
        [],
        [ENABLE, ALL.format("{role}")],
        [ENABLE, ALL.format("{role}_s")],
        [ENABLE, ALL.format("public"), TWO],
        [ENABLE, ALL.format("{role}"), f"{PART} using (true)"],
        [ENABLE, ALL.format("{role}"), f"{PART} to pg_monitor using (id < 3)"],
        [ENABLE, ALL.format("{role}"), f"{PART} for delete using (id < 3)"],
    ],
    ids=["off", "role", "group", "public", "restrictive", "another's", "another command's"],
)
def test_all_rows_are_read_where_no_policy_hides_any(reader, execute, role, policies):
    for policy in policies:
        execute(policy.format(role=role))
    assert count_seats(reader) == 4


@pytest.mark.parametrize(
    ("policies", "seen"),
    [
        ([TWO], "only_two"),
        ([], NONE),
        ([ALL.format("pg_monitor")], NONE),
        (["create policy p on seat for update using (true)"], NONE),
        ([ALL.format("public"), f"{PART} using (id < 3)"], "everything, part"),
    ],
    ids=["filter", "none", "another's", "another command's", "restrictive"],
)
def test_hidden_rows_are_an_error_that_names_table_and_policies(
    reader, execute, role, policies, seen
):
    execute(ENABLE, *policies)
    with pytest.raises(ConfigError) as caught:
        count_seats(reader)
    words = f"row-level security of seat hides rows from {role} (policies for it: {seen})"
    assert words in str(caught.value)


@pytest.mark.parametrize("which", [0, 1], ids=["bypass", "policy"])
def test_each_statement_that_the_error_names_lets_the_role_read_all(reader, execute, which):
    execute(ENABLE, TWO)
    with pytest.raises(ConfigError) as caught:
        count_seats(reader)
    statement = r"ALTER ROLE \w+ BYPASSRLS|CREATE POLICY [\w ]+ USING \(true\)"
    execute(re.findall(statement, str(caught.value))[which])
    assert count_seats(reader) == 4


def test_the_owner_is_filtered_where_the_table_forces_it(reader, execute, role):
    execute(ENABLE, "alter table seat force row level security", TWO)
    execute(f"grant create on schema public to {role}", f"alter table seat owner to {role}")
    with pytest.raises(ConfigError, match="only_two"):
        count_seats(reader)
    execute("alter table seat owner to current_user")
