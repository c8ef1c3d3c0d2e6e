"""What is a vendor's own in its seeded data."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations

import pytest

from include.sandbox.vendors.fault_kinds import SWITCHES
from include.sandbox.vendors.seed import Numbers
from include.sandbox.vendors.traits import numbered, sixteen_digits, traits_of
from include.vendors.registry import VENDORS

DAY = datetime(2026, 3, 1, 20, tzinfo=UTC)


def test_no_two_vendors_share_a_form_of_ticket_ids():
    numbers = Numbers()
    made = {vendor: {numbers.ticket(vendor, DAY) for _ in range(500)} for vendor in VENDORS}
    assert {len(ids) for ids in made.values()} == {500}
    for one, other in combinations(made.values(), 2):
        assert not one & other


def test_a_ticket_of_tencent_bears_the_date_in_beijing_and_a_day_holds_four_digits_of_them():
    numbers = Numbers()
    made = [numbers.ticket("tencent", DAY) for _ in range(9_999)]
    assert (made[0], made[-1]) == ("202603020001", "202603029999")
    with pytest.raises(ValueError, match="more than 9,999"):
        numbers.ticket("tencent", DAY)


def test_ids_of_a_catalogue_tell_groups_products_and_problems_apart():
    for catalog_id in (numbered(7), *(traits_of(vendor).catalog_id for vendor in VENDORS)):
        assert len({catalog_id(kind, 5) for kind in ("group", "product", "problem")}) == 3


def test_an_owners_id_has_sixteen_digits_whatever_the_digest():
    assert {len(sixteen_digits(digest * 32)) for digest in "0f"} == {16}


def test_every_vendors_own_switch_can_be_switched():
    own = {switch for vendor in VENDORS for switch in traits_of(vendor).switches}
    assert own == {"domain_required", "tencent_rich"} <= SWITCHES.keys()
