"""Huawei's side of the wire."""
