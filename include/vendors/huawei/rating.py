"""How the customer rated a Huawei ticket, by its detail (spec.md, section 4.2)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from include.errors import ContractError
from include.vendors import fields
from include.vendors.fields import Record

BEST: Final = 5
DIGITS: Final = Decimal("0.01")


def find_rating(detail: Record, warn: Callable[[str], None]) -> Decimal | None:
    """The mean of the aspects that the customer rated, 1 to 5; None where none is.

    A rating of another shape or scale keeps no ticket out: *warn* is told, and it is None.
    """
    try:
        aspects = fields.records(detail, "incident_satisfaction", optional=True)
        rated = [value for one in aspects if (value := _value(one))]
    except ContractError as error:
        warn(f"no rating: {error}")
        return None
    return (Decimal(sum(rated)) / len(rated)).quantize(DIGITS) if rated else None


def _value(aspect: Record) -> int:
    """How an aspect was rated; 0: not."""
    value = fields.integer(aspect, "satisfaction_value")
    if not 0 <= value <= BEST:
        raise aspect.fault(f"field {aspect.name(('satisfaction_value',))} is not 0 to {BEST}")
    return value
