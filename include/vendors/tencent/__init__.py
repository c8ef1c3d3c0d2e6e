"""Tencent Cloud; spec.md says what its API does."""
