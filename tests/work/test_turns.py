"""Who must act on which error."""

from __future__ import annotations

import inspect

from include import errors
from include.errors import SyncError
from include.work.turns import TURNS, whose_turn


def test_every_class_of_error_has_somebody_whose_turn_it_is():
    classes = [
        value
        for _, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, SyncError) and value not in (SyncError, errors.VendorError)
    ]
    assert len(classes) > 10
    for found in classes:
        assert any(base in TURNS for base in found.__mro__ if base is not Exception), found
    assert whose_turn("MovingListError") == whose_turn("UnavailableError")
    assert whose_turn("AuthError").startswith("the account owner's")
    assert whose_turn("KeyError") == whose_turn("annotations") == TURNS[Exception]
