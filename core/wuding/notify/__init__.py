"""Notices: what is to be told of changed findings, and how it is delivered."""
