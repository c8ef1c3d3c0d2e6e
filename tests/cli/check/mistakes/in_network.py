"""Mistakes on the way to a vendor: names, proxies, certificates, pages of somebody in between."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from tests.cli.check.mistakes.in_accounts import fault
from tests.cli.check.mistakes.scene import Mistake, Scene, Seed
from tests.security.certificates import HOST
from tests.vendors.wire import Wire, answer

VENDOR: Final = "osm.cn-south-1.invalid"
ACCOUNT: Final = "account huawei-1"


def huawei_at(scene: Scene, url: str, **more: str) -> None:
    off = {"ALIBABA_ENABLED": "0", "TENCENT_ENABLED": "0"}
    scene.set(SANDBOX="1", HUAWEI_BASE_URL=url, HUAWEI_IAM_URL=url, **off, **more)


def proxy_answering(status: int) -> Seed:
    """A proxy that answers so to whoever wants to get through."""

    def seed(scene: Scene) -> None:
        wire = scene.stack.enter_context(Wire(answer(b"", status)))
        scene.names["proxy"] = wire.url.removeprefix("http://")
        scene.secrets.add("canary-of-a-proxy")
        proxy = wire.url.replace("//", "//me:canary-of-a-proxy@")
        huawei_at(scene, f"https://{VENDOR}", VENDOR_PROXY=proxy)

    return seed


def intercept(scene: Scene) -> None:
    """Somebody in between shows a certificate of an authority that only this house knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = scene.get("authority").parent
    context.load_cert_chain(folder / "good.crt", folder / "good.key")

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A visitor who hangs up is what we test."""

    server = Server((HOST, 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    scene.stack.callback(server.server_close)
    scene.stack.callback(server.shutdown)
    scene.names["vendor"] = f"{HOST}:{server.server_port}"
    huawei_at(scene, f"https://{HOST}:{server.server_port}")


MISTAKES: Final = (
    Mistake(
        "vendor-host-unknown",
        lambda scene: huawei_at(scene, f"https://{VENDOR}"),
        ACCOUNT,
        (f"{VENDOR}:443", "the name cannot be resolved"),
        (f"getent hosts {VENDOR}", "VENDOR_PROXY"),
    ),
    Mistake(
        "vendor-refuses-connection",
        lambda scene: huawei_at(scene, f"http://127.0.0.1:{scene.closed_port()}"),
        ACCOUNT,
        ("127.0.0.1:{closed}", "refused"),
        ("curl -v telnet://127.0.0.1:{closed}", "VENDOR_PROXY"),
    ),
    Mistake(
        "vendor-behind-a-firewall",
        lambda scene: huawei_at(scene, f"http://127.0.0.1:{scene.deaf_port()}"),
        ACCOUNT,
        ("127.0.0.1:{deaf}", "no answer within 5 s"),
        ("firewall", "curl -v telnet://127.0.0.1:{deaf}"),
    ),
    Mistake(
        "proxy-dead",
        lambda scene: huawei_at(
            scene, f"https://{VENDOR}", VENDOR_PROXY=f"http://127.0.0.1:{scene.closed_port()}"
        ),
        ACCOUNT,
        (f"{VENDOR}:443 through the proxy 127.0.0.1:{{closed}}", "refused"),
        ("VENDOR_PROXY", "curl -v -x http://127.0.0.1:{closed}"),
    ),
    Mistake(
        "proxy-host-unknown",
        lambda scene: huawei_at(
            scene, f"https://{VENDOR}", VENDOR_PROXY="http://proxy.invalid:3128"
        ),
        ACCOUNT,
        (f"{VENDOR}:443 through the proxy proxy.invalid:3128", "cannot be resolved"),
        ("VENDOR_PROXY", "curl -v -x http://proxy.invalid:3128"),
    ),
    Mistake(
        "proxy-wants-a-password",
        proxy_answering(407),
        ACCOUNT,
        (f"{VENDOR}:443 through the proxy {{proxy}}", "407"),
        ("http://user:password@", "VENDOR_PROXY"),
    ),
    Mistake(
        "proxy-forbids-the-vendor",
        proxy_answering(403),
        ACCOUNT,
        (f"{VENDOR}:443 through the proxy {{proxy}}", "403"),
        (f"let {VENDOR}:443 through",),
    ),
    Mistake(
        "proxy-intercepts-tls",
        intercept,
        ACCOUNT,
        ("{vendor}", "certificate"),
        ("TLS inspection",),
    ),
    Mistake(
        "captive-portal",
        fault("html_200", vendor="huawei"),
        ACCOUNT,
        ("huawei", "a web page instead of JSON"),
        ("curl -v http://127.0.0.1", "log-in page"),
    ),
    Mistake(
        "captive-portal-that-redirects",
        fault("redirect", vendor="huawei", location="https://portal.invalid/login"),
        ACCOUNT,
        ("a redirect to https://portal.invalid",),
        ("curl -v http://127.0.0.1",),
    ),
    Mistake(
        "vendor-url-of-another-service",
        lambda scene: huawei_at(
            scene,
            scene.stack.enter_context(
                Wire(answer(b"<html>404 Not Found</html>", 404, Content_Type="text/html"))
            ).url,
        ),
        ACCOUNT,
        ("HTTP 404",),
        ("HUAWEI_…_URL",),
    ),
    Mistake(
        "vendor-away",
        fault("server_error", vendor="huawei", status=503),
        ACCOUNT,
        ("huawei", "Backend unavailable"),
        ("the vendor's own trouble",),
    ),
)
