"""Many keys for Airflow's masker at once."""

from __future__ import annotations

import configparser
import secrets

import pytest

from include.runtime.masking import ADAPTER, join_secrets, split_secrets
from tests.conftest import ROOT


@pytest.fixture
def masker():
    """A masker of Airflow's own, set up as the example of the configuration says."""
    from airflow.sdk._shared.secrets_masker import SecretsMasker

    made = SecretsMasker()
    made.secret_mask_adapter = split_secrets  # type: ignore[assignment]
    return made


def test_the_example_of_the_configuration_names_the_function():
    read = configparser.ConfigParser(interpolation=None)
    read.read(ROOT / "airflow.cfg.example")
    assert read["logging"]["secret_mask_adapter"] == ADAPTER
    assert f"{split_secrets.__module__}.{split_secrets.__qualname__}" == ADAPTER


def test_keys_that_are_told_as_one_are_masked_one_by_one(masker):
    keys = [secrets.token_urlsafe(20) for _ in range(300)]
    masker.add_mask(join_secrets(keys))
    text = f"{keys[0]} and {keys[299]}, not {keys[7][:12]}"
    assert masker.redact(text) == f"*** and ***, not {keys[7][:12]}"


def test_a_secret_of_somebody_else_stays_one(masker):
    masker.add_mask("pass\nword or other")
    assert masker.redact("pass\nword or other: word or other") == "***: word or other"


@pytest.mark.parametrize("adapter", ["", ADAPTER])
def test_all_keys_are_registered_whether_or_not_the_masker_takes_them_at_once(adapter, monkeypatch):
    from include.runtime import connections

    told: list[str] = []
    monkeypatch.setenv("AIRFLOW__LOGGING__SECRET_MASK_ADAPTER", adapter)
    monkeypatch.setattr(connections, "hide_secret", told.append)
    connections.hide_secrets(["first key", "second key"])
    assert told == (["first key\x1esecond key"] if adapter else ["first key", "second key"])
