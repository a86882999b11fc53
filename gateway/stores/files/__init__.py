"""Ports made real as files."""
