"""Many keys for Airflow's masker at once: it compiles all it knows anew for each it is told.

Every process of Airflow imports this where ``[logging] secret_mask_adapter`` names it, before
Airflow itself is ready: nothing of Airflow may stand here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ADAPTER: Final = "include.runtime.masking.split_secrets"
"""What ``[logging] secret_mask_adapter`` has to say."""
SEPARATOR: Final = "\x1e"
"""Between secrets that are told as one. No key holds a control character."""


def join_secrets(secrets: Iterable[str]) -> str:
    """Several secrets as one text, for ``split_secrets``."""
    return SEPARATOR.join(secrets)


def split_secrets(secret: str) -> list[str]:
    """The secrets that ``join_secrets`` made one: Airflow masks each, and compiles once."""
    return secret.split(SEPARATOR) if SEPARATOR in secret else []
