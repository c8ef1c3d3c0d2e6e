"""Tencent's side of the wire."""
