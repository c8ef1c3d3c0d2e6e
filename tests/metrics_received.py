"""What is received where Airflow sends its metrics: a StatsD listener, and a receiver of OTLP."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Received = dict[tuple[str, tuple[tuple[str, str], ...]], list[float]]
"""The values of a series in their order, by its name and tags."""

KINDS = {"c": "counter", "g": "gauge", "ms": "timer"}


@contextmanager
def statsd() -> Iterator[tuple[int, list[bytes]]]:
    """A port of UDP on this machine, and what came to it."""
    came: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1], came
        listener.setblocking(False)
        while True:
            try:
                came.append(listener.recv(65_536))
            except BlockingIOError:
                break


def read_statsd(came: list[bytes]) -> tuple[Received, dict[str, str]]:
    """The series, and the kind of each name, of our metrics."""
    series: Received = {}
    kinds = {}
    for line in b"\n".join(came).decode().splitlines():
        told, _, kind = line.partition("|")
        key, _, value = told.rpartition(":")
        name, *tags = key.split(",")
        if name.startswith("airflow.etl."):
            name = name.removeprefix("airflow.")
            pairs = tuple(sorted((k, v) for k, _, v in (tag.partition("=") for tag in tags)))
            series.setdefault((name, pairs), []).append(float(value))
            kinds[name] = KINDS[kind.partition("|")[0]]
    return series, kinds


@contextmanager
def otlp() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a receiver of OTLP over HTTP, and the messages that came to it."""
    came: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            came.append(gzip.decompress(body) if zipped else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", came
        server.shutdown()


def read_otlp(came: list[bytes]) -> tuple[Received, dict[str, str]]:
    """As ``read_statsd``; of a timer, the sum."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )

    series: Received = {}
    kinds = {}
    for body in came:
        message = ExportMetricsServiceRequest.FromString(body)
        scopes = [scope for of in message.resource_metrics for scope in of.scope_metrics]
        for metric in [one for scope in scopes for one in scope.metrics]:
            if not metric.name.startswith("airflow.etl."):
                continue
            name, data = metric.name.removeprefix("airflow."), metric.WhichOneof("data")
            for point in getattr(metric, data).data_points:
                tags = tuple(sorted((a.key, a.value.string_value) for a in point.attributes))
                value = point.sum if "histogram" in data else point.as_int or point.as_double
                series.setdefault((name, tags), []).append(float(value))
            kinds[name] = {"sum": "counter", "gauge": "gauge"}.get(data, "timer")
    return series, kinds
