"""The migrations build what ``tables.py`` says, on every server; a wrong schema is refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from include.errors import AlreadyRunningError, CheckError, ConfigError
from include.warehouse.dictionary import comments, entries
from include.warehouse.reports.tables import rpt_dictionary
from include.warehouse.schema import migrations, revisions, views
from tests.sql.described import described
from tests.sql.older import upgrade_to
from tests.sql.users_database import build


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def statements(engine: sa.Engine) -> list[str]:
    seen: list[str] = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    return seen


def set_revision(engine: sa.Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def changes(statements: list[str]) -> list[str]:
    reading = ("SELECT", "DESCRIBE", "SHOW", "SET SESSION", "LOCK TABLES", "UNLOCK TABLES")
    return [
        text
        for text in statements
        if not text.lstrip().upper().startswith(reading) and views.PROBE not in text
    ]


def test_the_migrations_and_the_tables_agree(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    options = {"compare_type": True, "compare_server_default": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, comments.commented(entries.read())) == []


def test_order_collations_and_keys_agree_as_well(engine: sa.Engine, warehouse_server: Any) -> None:
    migrations.upgrade(engine)
    migrated = described(engine)
    url = warehouse_server.create()
    try:
        direct = sa.create_engine(url, poolclass=sa.NullPool)
        comments.commented(entries.read()).create_all(direct)
        with direct.begin() as connection:
            views.apply(connection)
        expected = described(direct)
    finally:
        warehouse_server.drop(url)
    assert migrated == expected


def test_ids_are_compared_byte_by_byte(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    with engine.connect() as connection:
        collations = connection.execute(
            sa.text(
                "SELECT DISTINCT collation_name FROM information_schema.key_column_usage"
                " JOIN information_schema.columns USING (table_schema, table_name, column_name)"
                " WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'"
            )
        ).scalars()
        assert set(collations) == {"utf8mb4_bin", None}  # None: a number, or bytes


def test_a_second_migration_changes_nothing(engine: sa.Engine, statements: list[str]) -> None:
    first = migrations.upgrade(engine)
    statements.clear()
    second = migrations.upgrade(engine)
    assert changes(statements) == []
    assert (first.before, first.after) == (None, revisions.head())
    assert (second.before, second.after) == (revisions.head(), revisions.head())
    assert first.adopted == second.adopted == ()
    assert first.leftovers == ()


def test_every_step_sees_that_it_is_done(engine: sa.Engine, statements: list[str]) -> None:
    """Revision by revision: one relaxes what another narrowed."""
    for number in range(2, int(revisions.head()) + 1):
        upgrade_to(engine, f"{number:04}")
        before = described(engine)
        set_revision(engine, f"{number - 1:04}")
        statements.clear()
        upgrade_to(engine, f"{number:04}")
        assert {text.split()[0] for text in changes(statements)} == {"UPDATE"}, number
        assert described(engine) == before


def test_a_server_that_is_not_strict_and_a_working_directory_change_nothing(
    engine: sa.Engine, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    @sa.event.listens_for(engine, "connect")
    def relax(connection: Any, _record: Any) -> None:
        connection.cursor().execute("SET SESSION sql_mode = ''")

    assert migrations.upgrade(engine).after == revisions.head()
    revisions.require_current(engine)


def test_two_migrations_at_once_do_not_mix(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits for the first, then finds nothing to do."""
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 120)  # whatever else the machine does
    engine.connect().close()  # the first connection tells the dialect about its server
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda _: migrations.upgrade(engine), range(3)))
    assert sorted(str(report.before) for report in reports) == [
        revisions.head(),
        revisions.head(),
        "None",
    ]
    revisions.require_current(engine)


def test_a_migration_that_does_not_get_its_turn_says_so(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 0)
    refused: list[str] = []

    def start_another(_text: str) -> None:
        with pytest.raises(AlreadyRunningError, match="another migration of"):
            migrations.upgrade(engine)
        refused.append("yes")

    with engine.begin() as connection:  # a table to adopt, so that there is progress to tell
        connection.exec_driver_sql("CREATE TABLE cloud_user (id varchar(9) primary key)")
        connection.exec_driver_sql("ALTER TABLE cloud_user ADD secret_id varchar(9)")
    migrations.upgrade(engine, progress=start_another)
    assert "yes" in refused


def test_the_script_for_a_dba_builds_the_same(engine: sa.Engine, warehouse_server: Any) -> None:
    run_script(engine, migrations.script())
    by_script = described(engine)
    revisions.require_current(engine)
    with engine.connect() as connection:
        said = connection.execute(sa.select(rpt_dictionary.c.relation)).all()
    assert len(said) == len(entries.read().entries)
    url = warehouse_server.create_migrated()
    try:
        expected = described(sa.create_engine(url, poolclass=sa.NullPool))
    finally:
        warehouse_server.drop(url)
    assert by_script == expected


def test_the_script_stops_before_it_touches_rows(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE cloud_user (id varchar(9) primary key)")
    with pytest.raises(pymysql.err.OperationalError, match="already exists"):
        run_script(engine, migrations.script())


def test_an_empty_database_is_refused_with_the_next_step(engine: sa.Engine) -> None:
    with pytest.raises(ConfigError, match="no schema of ours: run `python -m include migrate`"):
        revisions.require_current(engine)


def test_an_older_schema_is_refused_with_the_next_step(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    set_revision(engine, "0001")
    with pytest.raises(ConfigError, match=r"0001, which is older .*`python -m include migrate`"):
        revisions.require_current(engine)


def test_a_newer_schema_is_refused_in_both_directions(
    engine: sa.Engine, statements: list[str]
) -> None:
    migrations.upgrade(engine)
    set_revision(engine, "9999")
    statements.clear()
    with pytest.raises(ConfigError, match="9999, which this code does not know"):
        revisions.require_current(engine)
    with pytest.raises(ConfigError, match="update the code"):
        migrations.upgrade(engine)
    assert changes(statements) == []


def test_the_current_schema_is_accepted(warehouse_url: str) -> None:
    revisions.require_current(sa.create_engine(warehouse_url, poolclass=sa.NullPool))


def test_a_url_without_a_database_is_refused(warehouse_server: Any) -> None:
    engine = sa.create_engine(warehouse_server.url, poolclass=sa.NullPool)
    if engine.url.database:
        pytest.skip("the server's URL names a database")
    with pytest.raises(ConfigError, match="names no database"):
        migrations.upgrade(engine)


def run_script(engine: sa.Engine, script: str) -> None:
    """As the server's own client would, statement after statement until one fails."""
    url = engine.url
    connection = pymysql.connect(
        host=url.host or "",
        port=url.port or 3306,
        user=url.username,
        password=url.password or "",
        database=url.database,
        client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS,
    )
    try:
        cursor = connection.cursor()
        cursor.execute(script)
        while cursor.nextset():
            pass
        connection.commit()
    finally:
        connection.close()


def test_the_preview_names_what_the_migration_then_does(
    engine: sa.Engine, statements: list[str]
) -> None:
    build(engine)
    statements.clear()
    ahead = migrations.preview(engine)
    assert changes(statements) == []
    assert (ahead.before, ahead.after, ahead.obstacle) == (None, revisions.head(), None)
    assert [number for number, _ in ahead.revisions][:2] == ["0001", "0002"]
    altered = {change.table: change for change in ahead.changes}
    assert set(altered) == set(migrations.USERS_TABLES)
    assert altered["cloud_user"].columns >= {"id", "create_time"}
    assert all(change.size for change in altered.values())
    migrations.upgrade(engine)
    done = migrations.preview(engine)
    assert (done.before, done.revisions, done.changes) == (revisions.head(), (), ())


def newer_revisions() -> list[Any]:
    script = ScriptDirectory(str(revisions.MIGRATIONS))
    return list(script.iterate_revisions("head", migrations.OLDEST))


def test_every_newer_revision_can_be_taken_back_or_says_why_not() -> None:
    for step in newer_revisions():
        ways = [hasattr(step.module, name) for name in ("downgrade", "NO_WAY_BACK")]
        assert sum(ways) == 1, f"{step.revision} needs downgrade() or NO_WAY_BACK"


def test_the_way_back_and_forth_leaves_every_row(engine: sa.Engine) -> None:
    """From the oldest revision with a way back to the newest, back, and there again."""
    assert not [s for s in newer_revisions() if hasattr(s.module, "NO_WAY_BACK")], "walk less far"
    build(engine)
    at(engine, migrations.OLDEST)
    old, rows = tables_of(engine), rows_of(engine)
    rows.pop("rpt_ticket_backlog", None)  # samples of builds, which 0014 gives up
    migrations.upgrade(engine)
    new = described(engine)
    migrations.go_back(engine, migrations.OLDEST)
    assert (tables_of(engine), rows_of(engine)) == (old, rows)
    with pytest.raises(ConfigError) if newer_revisions() else nullcontext():
        revisions.require_current(engine)
    migrations.upgrade(engine)
    assert described(engine) == new
    assert (
        rows.items()
        <= {
            name: [{key: row[key] for key in before[0]} for row in after]
            for name, after in rows_of(engine).items()
            if (before := rows.get(name))
        }.items()
    )


@pytest.mark.parametrize("after", [1, 3])
def test_a_way_back_that_was_stopped_goes_on_from_there(engine: sa.Engine, after: int) -> None:
    """Some of its DDL is done, which no server takes back."""
    at(engine, migrations.OLDEST)
    old = tables_of(engine)
    migrations.upgrade(engine)
    done: list[str] = []

    def stop(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("ALTER TABLE", "DROP TABLE", "DROP INDEX")):
            done.append(statement)
            if len(done) == after + 1:
                raise RuntimeError("stopped")

    said: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", stop)
    with pytest.raises(RuntimeError):
        migrations.go_back(engine, migrations.OLDEST, progress=said.append)
    sa.event.remove(engine, "before_cursor_execute", stop)
    assert "run the same again: it goes on from there" in said[-1]
    migrations.go_back(engine, migrations.OLDEST)
    assert tables_of(engine) == old


def at(engine: sa.Engine, revision: str) -> None:
    """Bring a database to an older revision, as the release of that time did."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        errors = {"operator": ConfigError, "data owner": CheckError}
        config = migrations._config(connection=connection, progress=print, errors=errors)
        command.upgrade(config, revision)


def tables_of(engine: sa.Engine) -> Any:
    """Tables and columns; not the views, which a way back leaves to the older release."""
    found = sa.inspect(engine)
    return {
        name: sorted((column["name"], str(column["type"])) for column in found.get_columns(name))
        for name in found.get_table_names()
    }


def rows_of(engine: sa.Engine) -> dict[str, list[dict[str, Any]]]:
    """The rows of all tables that hold some."""
    with engine.connect() as connection:
        found = {
            name: connection.execute(sa.text(f"SELECT * FROM {name} ORDER BY 1, 2")).mappings()
            for name in sa.inspect(connection).get_table_names()
            if name != "alembic_version"
        }
        return {name: content for name, rows in found.items() if (content := [*map(dict, rows)])}


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        ("0007", "cannot go back to 0007, only to"),
        ("nonsense", "cannot go back to nonsense"),
    ],
)
def test_a_way_back_that_is_not_there_is_refused(
    engine: sa.Engine, statements: list[str], revision: str, reason: str
) -> None:
    migrations.upgrade(engine)
    statements.clear()
    with pytest.raises(ConfigError, match=reason):
        migrations.go_back(engine, revision)
    assert changes(statements) == []


def test_an_empty_database_has_no_way_back(engine: sa.Engine) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        migrations.go_back(engine, migrations.OLDEST)


def test_no_column_is_computed_at_each_look(engine: sa.Engine) -> None:
    """MariaDB has lost rows from indexes on such columns: what is looked for is stored."""
    migrations.upgrade(engine)
    query = (
        "select table_name, column_name, extra from information_schema.columns"
        " where table_schema = database() and extra like '%GENERATED%'"
    )
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(query.replace("%", "%%"))]
    assert found == [("cloud_osm_list", "complete", "STORED GENERATED")]


def test_the_revisions_are_those_that_the_migrations_go_through() -> None:
    steps = migrations._migrations().walk_revisions()
    assert revisions.revisions() == tuple(reversed([step.revision for step in steps]))
