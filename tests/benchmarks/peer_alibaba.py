"""Alibaba's tickets as a person would read them for another tool; imports nothing of ours.

``requests``, signed, pages of fifty, no second attempt. It promises what ours does for a ticket
that goes its ordinary way, in no more calls: a new one is read once, its messages once it is
closed. No overlap, no check of totals, no second look. For Python 3.10: the Singer target needs it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests

PAGE_SIZE = 50
OPEN = ("assigned", "dealing", "wait_feedback", "feedback", "wait_confirm")
CLOSED = "6"


class Alibaba:
    """One account, safe for several threads. *given*: ``base_url``, both keys, ``at_once``."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._url, self._key = given["base_url"], given["access_key"]
        self._secret = given["secret_key"].encode()
        self._session = requests.Session()
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=given["at_once"]))

    def changed(self, since: int, until: int, were_open: set[str]) -> Iterator[dict[str, Any]]:
        """Tickets created since then, and those that are open no more.

        Moments in milliseconds. *were_open* becomes the tickets that are open now.
        """
        now_open = {row["TicketId"] for row in self._list(0, until, OPEN)}
        told = set()
        for row in self._list(since, until):
            told.add(row["TicketId"])
            yield {"id": row["TicketId"], "closed": row["Status"]["Value"] == CLOSED}
        for ticket in were_open - now_open - told:
            yield {"id": ticket, "closed": True}
        were_open.clear()
        were_open |= now_open

    def ticket(self, ticket: str) -> dict[str, Any]:
        """A row of the table of tickets."""
        told = self._ask("GetTicket", form={"TicketId": ticket})["Data"]
        return {
            "id": ticket,
            "title": told["Title"],
            "description": told["Description"],
            "status": told["Status"]["Value"],
            "category": told["CategoryId"],
            "created": told["CreateTime"],
        }

    def notes(self, ticket: str) -> list[dict[str, Any]]:
        """Rows of the table of messages."""
        told = self._ask("ListTicketNotes", {"TicketId": ticket})["Data"] or []
        return [
            {
                "id": note["DialogId"],
                "ticket": ticket,
                "role": note["User"]["Role"],
                "author": note["User"]["Name"],
                "content": note["Dialog"]["Content"] or note["Dialog"]["Schema"],
                "created": note["CreateTime"],
            }
            for note in told
        ]

    def _list(self, since: int, until: int, states: tuple[str, ...] = ()) -> Iterator[Any]:
        form = {"StartDate": str(since), "EndDate": str(until)}
        form |= {f"StatusList.{number}": state for number, state in enumerate(states, 1)}
        number, rows = 0, [None] * PAGE_SIZE
        while len(rows) == PAGE_SIZE:
            number += 1
            paging = {"PageNumber": str(number), "PageSize": str(PAGE_SIZE)}
            rows = self._ask("ListTickets", paging, form)["Data"] or []
            yield from rows

    def _ask(
        self, action: str, query: dict[str, str] | None = None, form: dict[str, str] | None = None
    ) -> Any:
        body, asked = urlencode(form or {}).encode(), sorted((query or {}).items())
        headers = {
            "host": urlsplit(self._url).netloc,
            "x-acs-action": action,
            "x-acs-version": "2021-06-10",
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        }
        if form:
            headers["content-type"] = "application/x-www-form-urlencoded"
        signed = ";".join(sorted(headers))
        lines = [
            *("POST", "/", urlencode(asked, quote_via=quote)),
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            *("", signed, headers["x-acs-content-sha256"]),
        ]
        text = "ACS3-HMAC-SHA256\n" + hashlib.sha256("\n".join(lines).encode()).hexdigest()
        seal = hmac.digest(self._secret, text.encode(), "sha256").hex()
        headers["Authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={self._key},SignedHeaders={signed},Signature={seal}"
        )
        answer = self._session.post(
            f"{self._url}/", params=asked, data=body, headers=headers, timeout=30
        )
        answer.raise_for_status()
        told = answer.json()
        if told["Success"] is not True:
            raise RuntimeError(f"{action}: {told['Code']} {told['Message']}")
        return told
