"""Paidgate: everyone sees the free text, a right unlocks the rest."""
