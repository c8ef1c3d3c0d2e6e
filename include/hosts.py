"""Why a host cannot be reached, or is not believed, in words for a person."""

from __future__ import annotations

import errno
import socket
import ssl
from enum import Enum
from typing import Final


class Barrier(Enum):
    """What keeps a connection from being made, in words that go on from a host and its port."""

    UNKNOWN = "the name cannot be resolved"
    REFUSED = "the connection is refused: nothing listens there"
    SILENT = "no answer within {seconds:g} s: a firewall may drop what we send"
    NO_WAY = "there is no way to it from here"


_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
_EXPIRED: Final = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, _HAS_EXPIRED
_OTHER_NAME: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH


def barrier_of(error: BaseException) -> Barrier | None:
    """What the error of a socket tells; None: that the host was reached, or another story."""
    if isinstance(error, socket.gaierror):
        return Barrier.UNKNOWN
    if isinstance(error, ConnectionRefusedError):
        return Barrier.REFUSED
    if isinstance(error, TimeoutError):
        return Barrier.SILENT
    if isinstance(error, OSError) and error.errno in _NO_WAY:
        return Barrier.NO_WAY
    return None


def explain(barrier: Barrier, host: str, port: int | str, *, seconds: float) -> str:
    """What keeps us from host and port; who found it had waited so many *seconds*."""
    return f"{host}:{port}: {barrier.value.format(seconds=seconds)}"


def doubt(error: ssl.SSLCertVerificationError, setting: str, authority: str) -> str:
    """What to do about a certificate that was not believed.

    *setting* names the host, *authority* is the setting for the file of who may sign.
    """
    if error.verify_code in _EXPIRED:
        return "renew the server's certificate, if the clocks are right"
    if error.verify_code in _OTHER_NAME:
        return f"write a host that it names into {setting}, or have it made for this one"
    return f"correct {authority}, the file of the authority that signed it"
