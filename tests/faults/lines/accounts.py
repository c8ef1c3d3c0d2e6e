"""Faults of accounts and keys that a run meets (K); test_accounts.py has those of a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from include.errors import AuthError, UnavailableError
from include.vendors.registry import VENDORS
from tests.faults.kit.scene import Scene
from tests.faults.kit.switches import Outcome, attempts, limited, says
from tests.faults.kit.table import Fault, On, each_another
from tests.faults.lines.wire import in_turn


def wrong_keys(turn: int) -> On:
    """The first account of each vendor has a secret, or an access key, that is wrong."""

    @contextmanager
    def on(scene: Scene) -> Iterator[None]:
        right, names = scene.accounts, ("secret_key", "access_key", "secret_key", "access_key")
        wrong = {f"{vendor}-1": names[turn + i] for i, vendor in enumerate(VENDORS)}
        scene.accounts = [
            replace(account, **{wrong[account.account_id]: "wrongWRONGwrong1"})
            if account.account_id in wrong
            else account
            for account in right
        ]
        yield
        scene.accounts = right

    return on


def tickets_without_messages(scene: Scene, ended: Outcome) -> None:
    """What may be read is stored, incomplete, and the action that was refused is named."""
    assert "ListTicketNotes" in str(ended["alibaba-1"].error)
    stored = dict(scene.look("select cloud_id, status from cloud_osm_list where type = 'ALIBABA'"))
    told = dict(scene.look("select case_id, count(*) from cloud_osm_detail group by 1"))
    for case in scene.store.tickets("alibaba", 0):
        assert case.ticket_id in stored
        assert stored[case.ticket_id] == 1 or told[case.ticket_id] > 0


ACCOUNTS: Final = (
    *in_turn(2, "K1", "a wrong key", wrong_keys, AuthError, also=attempts(1)),
    Fault(
        "K1",
        "expired or disabled",
        each_another(
            "",
            ("error_object", {"code": "InvalidAccessKeyId.Inactive", "status": 403}),
            ("error_object", {"code": "APIGW.0301", "status": 401}),
            ("error_object", {"code": "AuthFailure.TokenFailure"}),
        ),
        AuthError,
        also=attempts(1),
    ),
    Fault(
        "K2",
        "messages may not be read",
        each_another(
            "ListTicketNotes",
            ("error_object", {"code": "NoPermission", "status": 403}),
            vendors=["alibaba"],
        ),
        AuthError,
        also=tickets_without_messages,
        at=("alibaba",),
    ),
    Fault(
        "K2",
        "tickets may be listed, not read",
        each_another(
            "detail",
            ("error_object", {"code": "APIGW.0302", "status": 403}),
            ("error_object", {"code": "UnauthorizedOperation"}),
            vendors=["huawei", "tencent"],
        ),
        AuthError,
        also=says("ShowCaseDetail|GetMCTicketById"),
        at=("huawei", "tencent"),
    ),
    Fault(
        "K3",
        "an account hangs",
        limited(each_another("", ("hang", {}), vendors=["huawei"]), CALL_SECONDS=2.0),
        UnavailableError,
        at=("huawei",),
    ),
)
