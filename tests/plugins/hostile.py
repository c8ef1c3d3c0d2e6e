"""Forty texts that would like to be more than text, and a warehouse that is full of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import (
    sync_check,
    sync_quarantine,
    sync_run,
    sync_state,
)
from include.warehouse.customer_service import manifest
from include.warehouse.tickets.tables import cloud_user
from tests.builders import a_snapshot, a_table_of_a_snapshot

# Each sets window.ran, or asks another address for something, where a browser obeys it.
TEXTS = (
    "<script>ran=1</script>",
    "</script><script>ran=2</script>",
    "<img src=x onerror=ran=3>",
    "<svg onload=ran=4>",
    "<svg><script>ran=5</script></svg>",
    "<body onload=ran=6>",
    "<iframe srcdoc='<script>parent.ran=7</script>'>",
    "<a href=javascript:ran=8>x</a>",
    "javascript:ran=9",
    '" onmouseover=ran=10 x="',
    "' onfocus=ran=11 autofocus x='",
    "<details open ontoggle=ran=12>",
    "<input autofocus onfocus=ran=13>",
    "<style>@import '//x.invalid/14'</style>",
    "<link rel=stylesheet href=//x.invalid/15>",
    "<meta http-equiv=refresh content='0;//x.invalid/16'>",
    "<base href=//x.invalid/17>",
    "<form action=//x.invalid/18><button>",
    "<object data=//x.invalid/19>",
    "<embed src=//x.invalid/20>",
    "<video><source onerror=ran=21>",
    "<math><mtext></p><img src=x onerror=ran=22>",
    "<!--><img src=x onerror=ran=23>-->",
    "<![CDATA[<img src=x onerror=ran=24>]]>",
    "<title><img src=x onerror=ran=25></title>",
    "</textarea><script>ran=26</script>",
    "</title></style><script>ran=27</script>",
    "{{ 7 * 7 }}",
    "{% raw %}{{ ''.__class__ }}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "%3Cscript%3Eran=31%3C/script%3E",
    "&lt;script&gt;ran=32&lt;/script&gt;",
    "&#60;script&#62;ran=33",
    "\u202egpj.exe\u2066 <b>34</b>",
    "line\r\nSet-Cookie: ran=35",
    "\x1b[31mred\x1b[0m \x00 <b>36</b>",
    "`<script>ran=37</script>`",
    "[x](javascript:ran=38)",
    "'; drop table sync_run; -- <b>39</b>",
    "＜script＞ran=40＜/script＞ 𠮷👍",
)


def fill(warehouse):
    """Every field that the page shows holds one of them, and each of them is somewhere."""
    now = datetime.now(UTC)
    hour_ago = now - timedelta(hours=1)
    owners = [f"{number:02} {text}"[:50] for number, text in enumerate(TEXTS)]
    users = [
        {
            "id": owner,
            "type": ("HUAWEI", "ALIBABA", text[:50])[number % 3],
            "secret_id": f"AK{number}",
            "secret_key_secret": "a-plain-secret-key",
            "name": text,
            "create_time": hour_ago,
        }
        for number, (owner, text) in enumerate(zip(owners, TEXTS, strict=True))
    ]
    states = [
        {"account_id": owner, "entity": entity, "token": 1, "watermark_at": hour_ago,
         "heartbeat_at": hour_ago}
        for owner in owners
        for entity in ("tickets", "catalog", "backfill")
    ]  # fmt: skip
    runs = [
        {
            "run_id": f"{entity[0]}{number:031}",
            "account_id": owner,
            "entity": entity,
            "vendor": text.upper()[:50],
            "outcome": "failed",
            "error_class": ("ContractError", text[:50])[number % 2],
            "error_text": f"{text} host.invalid:443: " + text * 5,
            "request_id": text[:128],
            "triggered_by": f"airflow {text.replace(' ', '')} sync_tickets/{number}.t/1 by {text}",
            "started_at": hour_ago,
            "ended_at": hour_ago,
        }
        for number, (owner, text) in enumerate(zip(owners, TEXTS, strict=True))
        for entity in ("tickets", "catalog", "backfill")
    ]
    waiting = [
        {
            "account_id": owner,
            "item_id": text[:64],
            "error_class": text[:50],
            "error_text": text,
            "first_at": hour_ago - timedelta(minutes=number),
            "last_at": hour_ago,
            "attempts": number,
        }
        for number, (owner, text) in enumerate(zip(owners, TEXTS, strict=True))
    ]
    checks = [
        {
            "name": f"{number} {text}"[:64],
            "level": ("fail", "warn")[number % 2],
            "sentence": text,
            "offences": 1,
            "sample": "[]",
            "checked_at": hour_ago,
            "failing_since_at": hour_ago,
        }
        for number, text in enumerate(TEXTS)
    ]
    tables = [
        a_table_of_a_snapshot(f"{number} {text}"[:64], vanished=1, over_limit=True)
        for number, text in enumerate(TEXTS)
    ]
    said = {"full_because": "".join(TEXTS)[:200], "notes": "".join(TEXTS)[:1500]}

    def store(connection):
        for table, rows in (
            (cloud_user, users),
            (sync_state, states),
            (sync_run, runs),
            (sync_quarantine, waiting),
            (sync_check, checks),
        ):
            connection.execute(sa.insert(table), rows)
        manifest.write(connection, a_snapshot(1, **said), tables)
        manifest.write(connection, a_snapshot(2, **said, state="refused"), tables)

    warehouse.transact(store)
