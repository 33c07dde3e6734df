"""What the allocator is told, unless the user has told it something."""

from __future__ import annotations

import os

import pytest

from wuding.allocator import FRUGAL, NAME, be_frugal


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    be_frugal()
    assert os.environ[NAME] == FRUGAL
    monkeypatch.setenv(NAME, "dirty_decay_ms:1")
    be_frugal()
    assert os.environ[NAME] == "dirty_decay_ms:1"
