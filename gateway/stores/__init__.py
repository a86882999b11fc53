"""Ports made real, named by their technology."""
