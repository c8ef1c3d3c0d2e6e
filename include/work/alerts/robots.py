"""Chat robots that answer a refusal with HTTP 200: DingTalk and WeCom, sent to by ourselves.

Apprise 2.3 reads their URLs, but takes such an answer for success, and encodes DingTalk's signature
twice, which DingTalk refuses.
"""

from __future__ import annotations

import base64
import hmac
import time
from typing import Any, Final

import requests

DINGTALK: Final = "https://oapi.dingtalk.com/robot/send"
WECOM: Final = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
TIMEOUT_SECONDS: Final = (10, 20)


def knows(plugin: Any) -> bool:
    """Whether a plugin of Apprise is one of these."""
    return type(plugin).__name__ in SENDERS


def send(plugin: Any, text: str, *, host: str = "") -> list[str]:
    """Send a text; why it was refused, or nothing. Raises requests' errors.

    *host*: another beginning of the address, for tests.
    """
    url, params = SENDERS[type(plugin).__name__](plugin)
    document: dict[str, Any] = {"msgtype": "text", "text": {"content": text}}
    if plugin.service_name == "DingTalk":
        document["at"] = {"atMobiles": list(plugin.targets), "isAtAll": False}
    answer = requests.post(
        host or url, params=params, json=document, timeout=TIMEOUT_SECONDS, allow_redirects=False
    )
    if answer.status_code != requests.codes.ok:
        return [f"HTTP {answer.status_code}"]
    try:
        said = answer.json()
        code, words = said["errcode"], said.get("errmsg", "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ["HTTP 200, and no answer of such a robot: a proxy may be in between"]
    return [] if code == 0 else [f"errcode {code}: {words}"]


def _dingtalk(plugin: Any) -> tuple[str, dict[str, str]]:
    params = {"access_token": plugin.token}
    if plugin.secret:
        moment = str(round(time.time() * 1000))
        signed = hmac.digest(
            plugin.secret.encode(), f"{moment}\n{plugin.secret}".encode(), "sha256"
        )
        params |= {"timestamp": moment, "sign": base64.b64encode(signed).decode()}
    return DINGTALK, params


def _wecom(plugin: Any) -> tuple[str, dict[str, str]]:
    return WECOM, {"key": plugin.key}


SENDERS: Final = {"NotifyDingTalk": _dingtalk, "NotifyWeComBot": _wecom}
"""By the names of Apprise's classes: address and parameters of a call."""
