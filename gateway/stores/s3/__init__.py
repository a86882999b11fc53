"""Ports made real as objects in a bucket."""
