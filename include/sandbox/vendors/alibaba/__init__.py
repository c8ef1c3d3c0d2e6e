"""Alibaba's side of the wire."""
