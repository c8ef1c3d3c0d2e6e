"""Every error we raise on purpose. The class says who must act.

::

    SyncError
    ├── ConfigError           a connection, key or setting is missing or wrong: the operator
    ├── AlreadyRunningError   another run holds the account: nobody, it does the work
    ├── SupersededError       another run took the account over: nobody, this one must stop
    ├── CheckError            data is not as it must be: the data owner
    ├── PartialError          some items failed, the rest is stored: run again
    ├── OutOfTimeError        the time of a run is spent: nobody, the next goes on from there
    └── VendorError           vendor, action, code, request id in every message
        ├── AuthError         bad key, signature or permission: the account's owner
        ├── RejectedError     the vendor refuses the request as such: us
        │   └── NotFoundError the vendor does not know the ticket
        ├── ContractError     the answer has another shape than agreed: us, the API has drifted
        │   └── UncountedListError  a list states no total that can be one; its rows are good
        ├── RateLimitError    too many calls: nobody, wait (carries the vendor's hint)
        └── UnavailableError  time-out, reset, 5xx, database away: nobody, try again
            └── MovingListError the list changed while it was read: the next run reads it again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from include.models import Ticket


RUNBOOK: Final = "docs/runbook.md"
"""What each class means, and what to do: a section a class."""


class SyncError(Exception):
    """Anything this project raises on purpose; where a log shows it, with its section."""

    def __init__(self, *said: object) -> None:
        super().__init__(*said)
        self.add_note(f"What to do: {section_of(self)}")


class ConfigError(SyncError):
    """A connection, key or setting is missing or wrong. The message names the next step."""


class AlreadyRunningError(SyncError):
    """Another run holds this account; nothing was read or written."""


class SupersededError(SyncError):
    """Another run took this account over while we were not looking; we must not write."""


class CheckError(SyncError):
    """Data is not as it must be, and a person has to look before it is stored."""


class PartialError(SyncError):
    """Some items failed and wait in quarantine; everything else is stored."""


class OutOfTimeError(SyncError):
    """The time that a run was given is spent; what it has read is stored."""


class VendorError(SyncError):
    """A vendor (or a database, which is a peer like any other) did not do what we asked.

    The text is safe to log: it never holds keys, signatures or ticket contents. *step* is what a
    person should try next, where that is known.
    """

    def __init__(
        self,
        message: str,
        *,
        vendor: str = "",
        action: str = "",
        code: str = "",
        request_id: str = "",
        step: str = "",
    ) -> None:
        super().__init__(message)
        self.vendor = vendor
        self.action = action
        self.code = code
        self.request_id = request_id
        self.step = step

    def __str__(self) -> str:
        """Give ``vendor action code: message; step (request id)``, without what is unknown."""
        told = f"{self.args[0]}; {self.step}" if self.step else str(self.args[0])
        return self._place(told)

    @property
    def cause(self) -> str:
        """The same without the step."""
        return self._place(str(self.args[0]))

    def _place(self, told: str) -> str:
        where = " ".join(part for part in (self.vendor, self.action, self.code) if part)
        text = f"{where}: {told}" if where else told
        return f"{text} (request {self.request_id})" if self.request_id else text


class AuthError(VendorError):
    """Bad key, signature or permission: the account's owner must act.

    *ticket* is what could be read of a ticket before its messages were refused.
    """

    ticket: Ticket | None = None


class RejectedError(VendorError):
    """The vendor refuses the request as such; sending it again would not help."""


class NotFoundError(RejectedError):
    """The vendor does not know, or no longer shows, the ticket."""


class ContractError(VendorError):
    """The answer has another shape than agreed: the API has drifted, or this one item is broken."""


class UncountedListError(ContractError):
    """A list states no total that can be one. What was yielded is good, but more may be there."""


class RateLimitError(VendorError):
    """Too many calls. *retry_after* is the vendor's hint in seconds, if it gave one."""

    def __init__(self, message: str, *, retry_after: float | None = None, **where: str) -> None:
        super().__init__(message, **where)
        self.retry_after = retry_after


class UnavailableError(VendorError):
    """Time-out, reset, 5xx, broken answer: try again later."""


class MovingListError(UnavailableError):
    """A list kept changing while it was read. What was yielded is good, but more may be there."""


def section_of(error: SyncError) -> str:
    """Where the runbook tells of the class of an error."""
    name = next(base.__name__ for base in type(error).__mro__ if base.__name__[0] != "_")
    return f"{RUNBOOK}#{name.lower()}"
