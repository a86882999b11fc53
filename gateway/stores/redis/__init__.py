"""Ports made real on Redis."""
