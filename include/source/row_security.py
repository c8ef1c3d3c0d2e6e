"""Row-level security: rows that are hidden from us make an error, not a smaller table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from include.errors import ConfigError

FILTERED: Final = """
select t.name, current_user, array_agg(p.polname::text order by p.polname),
    coalesce(bool_or(p.polpermissive and p.shows_all), false)
    and coalesce(bool_and(p.polpermissive or p.shows_all), true)
from unnest(%s) as t(name)
left join (
    select polrelid, polname, polpermissive, pg_get_expr(polqual, polrelid) = 'true' as shows_all
    from pg_policy
    where polcmd in ('r', '*')
        and (0 = any(polroles)
            or exists (select from unnest(polroles) as r(id) where pg_has_role(r.id, 'usage')))
) as p on p.polrelid = t.name::regclass
where row_security_active(t.name)
group by t.name
"""
"""Tables of which policies may hide rows from us, with those policies, and whether they do not."""


def require_all_rows(cursor: Any, names: Sequence[str]) -> None:
    """See to it that this transaction reads every row of the tables *names*, which it has locked.

    Raises ConfigError that names a table, its policies and what lets our role read all.
    """
    cursor.execute(FILTERED, (list(names),))
    filtered = cursor.fetchall()
    for name, user, policies, shows_all in filtered:
        if not shows_all:
            seen = (
                ", ".join(policy for policy in policies if policy) or "none, so that no row is seen"
            )
            raise ConfigError(
                f"source: row-level security of {name} hides rows from {user} (policies for it:"
                f" {seen}), and a snapshot needs all. As an administrator: ALTER ROLE {user}"
                f" BYPASSRLS. Or, where no restrictive policy is among them, as the table's owner:"
                f" CREATE POLICY osm_snapshot ON {name} FOR SELECT TO {user} USING (true)"
            )
    if filtered:
        # "off" would refuse a table that has policies, even if they hide nothing.
        cursor.execute("set local row_security = on")
