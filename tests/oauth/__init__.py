"""Sealed secrets and access tokens."""
