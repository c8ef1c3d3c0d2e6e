"""Where it is told: URLs of Apprise, what goes over the wire, and no secret in any word."""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from include.errors import ConfigError
from include.work.alerts import channels, robots
from include.work.alerts.channels import read_channels
from include.work.alerts.messages import Notice
from include.work.verdicts.verdict import Severity
from tests.receivers import mail_server, webhook

MESSAGE = Notice("ERROR: main tickets: late", "Why & what.\nthe operator: Do it.", Severity.ERROR)
TOKEN = "t0kenSECRET" * 6
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
MAIL = "mailto://127.0.0.1:{port}?from=osm@example.com&to=ops@example.com,me@example.com"


@pytest.fixture
def hook():
    with webhook() as got:
        yield got


def open_one(url):
    (channel,) = read_channels(url)
    return channel


def test_a_webhook_gets_plain_json(hook):
    assert open_one(f"json://127.0.0.1:{hook.port}/alerts").send(MESSAGE) == ""
    ((path, document),) = hook.raw
    assert path == "/alerts"
    assert document == {
        "version": "1.0",
        "title": MESSAGE.title,
        "message": MESSAGE.body,
        "type": "failure",
        "attachments": [],
    }


def test_a_mail_has_the_title_as_its_subject_and_the_text_as_it_is():
    with mail_server() as got:
        assert open_one(MAIL.format(port=got.port)).send(MESSAGE) == ""
    assert got.titles == [MESSAGE.title] * 2
    assert [mail["To"] for mail in got.raw] == ["ops@example.com", "me@example.com"]
    text = got.raw[0].get_body(("plain", "html")).get_content()
    assert "Why &" in text
    assert "Do it." in text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"dingtalk://SECwhatever@{TOKEN[:64]}", {"errcode": 0, "errmsg": "ok"}),
        (f"wecombot://{TOKEN[:36]}", {"errcode": 0, "errmsg": "ok"}),
    ],
)
def test_a_robot_that_refuses_with_200_has_not_taken_it(hook, monkeypatch, url, said):
    for name in ("DINGTALK", "WECOM"):
        monkeypatch.setattr(robots, name, f"http://127.0.0.1:{hook.port}/{name}")
    channel = open_one(url)
    hook.answer = (200, '{"errcode": 0, "errmsg": "ok"}')
    assert channel.send(MESSAGE) == ""
    ((path, document),) = hook.raw
    assert document["msgtype"] == "text"
    assert document["text"] == {"content": f"{MESSAGE.title}\n{MESSAGE.body}"}
    sent = parse_qs(urlsplit(path).query)
    assert [TOKEN[:64]] in sent.values() or [TOKEN[:36]] in sent.values()
    for answer, why in (
        ((200, '{"errcode": 310000, "errmsg": "sign not match"}'), "errcode 310000: sign not"),
        ((200, "<html>"), "HTTP 200, and no answer of such a robot"),
        ((502, ""), "HTTP 502"),
    ):
        hook.answer = answer
        assert channel.send(MESSAGE).startswith(why)
    assert said["errcode"] == 0


def test_dingtalk_is_signed_as_its_page_says():
    """base64(hmac_sha256(secret, time + newline + secret)), encoded once."""
    plugin = open_one(f"dingtalk://SECabc@{TOKEN[:64]}").plugin
    _, params = robots.SENDERS["NotifyDingTalk"](plugin)
    assert set(params) == {"access_token", "timestamp", "sign"}
    assert len(params["sign"]) == 44
    assert "%" not in params["sign"]


def test_slack_and_feishu_get_their_own_form(hook):
    slack, feishu = open_one(SLACK), open_one(f"feishu://{TOKEN[:36]}")
    slack.plugin.webhook_url = f"http://127.0.0.1:{hook.port}/slack"
    feishu.plugin.notify_url = f"http://127.0.0.1:{hook.port}/feishu/{{token}}"
    assert slack.send(MESSAGE) == ""
    assert hook.raw[0][1]["attachments"][0]["title"] == MESSAGE.title
    hook.answer = (200, '{"code": 0}')
    assert feishu.send(MESSAGE) == ""
    assert hook.raw[1][1]["content"]["text"].startswith(MESSAGE.title)
    hook.answer = (200, '{"code": 9499, "msg": "Bad Request"}')
    assert "9499" in feishu.send(MESSAGE)


def test_several_stand_behind_each_other_or_in_a_file(tmp_path):
    urls = ["json://127.0.0.1/a", "json://127.0.0.1/b", SLACK]
    file = tmp_path / "urls"
    file.write_text("# ours\n\n" + "\n".join(urls) + "\n")
    named = read_channels(f"file:{file}")
    assert named == read_channels(" ".join(urls))
    assert [channel.name for channel in named] == [
        "channel 1 (JSON)",
        "channel 2 (JSON)",
        "channel 3 (Slack)",
    ]
    assert read_channels("") == []
    file.chmod(0o644)
    assert "chmod 600" in channels.warn_of_file(f"file:{file}")
    file.chmod(0o600)
    assert channels.warn_of_file(f"file:{file}") == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (TOKEN, "channel 1 is no URL like"),
        (f"json://127.0.0.1/a bogus://{TOKEN}", r"channel 2 \(bogus://\) is not as Apprise"),
        (f"dingtalk://!{TOKEN}", r"channel 1 \(dingtalk://\) is not"),
        (f"jsons://hook.example.com/{TOKEN}?verify=no", "channel 1 .JSON. says verify=no"),
        (f"json://127.0.0.1/{TOKEN} json://127.0.0.1/{TOKEN}", "channel 2 .* same as channel 1"),
        ("file:/nowhere/urls", "/nowhere/urls cannot be read: No such file"),
    ],
)
def test_what_cannot_be_used_is_said_by_its_number_and_without_its_secret(text, why):
    with pytest.raises(ConfigError, match=why) as caught:
        read_channels(text)
    assert "t0kenSECRET" not in str(caught.value)


def test_a_file_that_holds_nothing_is_refused(tmp_path):
    file = tmp_path / "urls"
    file.write_text("# none\n")
    with pytest.raises(ConfigError, match="names no channel"):
        read_channels(f"file:{file}")


def test_a_channel_keeps_its_key_while_its_url_stays_and_a_password_is_no_part_of_it():
    one, other = (open_one(f"mailtos://me:{word}@example.com") for word in ("pw1", "pw2"))
    assert one.key == other.key
    assert one.key.startswith("mailtos ")
    assert open_one(f"wecombot://{TOKEN[:36]}").key != open_one(f"wecombot://{TOKEN[:35]}").key


@pytest.mark.parametrize(
    "url",
    [
        f"json://127.0.0.1:1/{TOKEN}",
        f"json://me:{TOKEN}@127.0.0.1:1/x?+key={TOKEN}",
        f"feishu://{TOKEN[:36]}",
        f"dingtalk://{TOKEN[:20]}@{TOKEN[:64]}",
        f"wecombot://{TOKEN[:36]}",
        f"mailto://me:{TOKEN}@127.0.0.1:1?from=a@example.com&to=b@example.com",
        SLACK,
    ],
)
def test_why_it_failed_and_what_is_logged_names_no_secret(url, caplog, monkeypatch, capfd):
    """Whatever level: Apprise logs addresses at debug, and requests puts them into its errors."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3"):
        caplog.set_level(logging.DEBUG, name)
    channel = open_one(url)
    why = channel.send(MESSAGE)
    assert why
    told = why + caplog.text + "".join(capfd.readouterr()) + repr(channel) + str(channel)
    assert "t0kenSECRET" not in told
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in told
    assert logging.getLogger("apprise").propagate


@pytest.mark.parametrize("kind", ["json", "mailto"])
def test_what_is_not_encrypted_is_a_warning_unless_it_stays_here(kind):
    assert f"write {kind}s://" in open_one(f"{kind}://me:pw@hook.example.com").warning
    assert open_one(f"{kind}s://me:pw@hook.example.com").warning == ""
    assert open_one(f"{kind}://me:pw@127.0.0.1?from=a@example.com&to=b@example.com").warning == ""


def test_a_certificate_nobody_vouches_for_is_refused(monkeypatch):
    channel = open_one("jsons://localhost:1/x")
    assert channel.plugin.verify_certificate


def test_a_plugin_that_raises_is_a_channel_that_failed():
    class Broken:
        def notify(self, **_said):
            raise RuntimeError(f"at {TOKEN}")

    channel = replace(open_one(f"json://127.0.0.1/{TOKEN}"), plugin=Broken())
    assert channel.send(MESSAGE) == "RuntimeError: at ***"
