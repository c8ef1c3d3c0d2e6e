"""What a call of the command line gave back."""

from __future__ import annotations

import json

CANARY = "canarySECRETcanarySECRET"


def told(result, code):
    """What a verb printed; it ended with *code*, showed no secret, and raised nothing."""
    assert result.exit_code == code, result.output
    assert CANARY not in result.output
    assert "Traceback" not in result.output
    return result.output


def document(result, code):
    told(result, code)
    return json.loads(result.stdout)
