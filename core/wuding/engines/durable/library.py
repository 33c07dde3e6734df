"""durable-rules through its C API, used only as it was measured to be right.

A fresh rule set for each evaluation; messages asserted one by one; drained once, after a probe that always fires
(without a fired action `delete_state` crashes). Nothing here knows what the messages mean. This module runs in the
worker process and imports nothing of Wuding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

PROBE_RULE = {"all": [{"m": {"probe": 1}}]}
PROBE = '{"id":"probe","probe":1}'
NO_MATCH = 1  # what `assert_fact` answers for a message that meets no rule: nothing wrong
Fired = list[tuple[str, dict[str, str]]]


def available() -> bool:
    """Is the library here? (Python 3.13 has none that can be imported.)"""
    try:
        import durable_rules_engine  # noqa: F401
    except ImportError:
        return False
    return True


def fired(definition: str, messages: Sequence[str]) -> Fired:
    """The rules that fired: each rule's name, and by alias the id of the message that met it.

    `definition` is a rule set as JSON that has `PROBE_RULE`; `messages` are JSON objects with different ids. Raises
    RuntimeError for a message or a rule set that the library refuses."""
    import durable_rules_engine as engine

    try:
        ruleset = engine.create_ruleset("w", definition)
    except engine.error as error:
        raise RuntimeError(str(error)) from error
    try:
        for message in messages:
            code, _ = engine.assert_fact(ruleset, message)
            if code not in (0, NO_MATCH):
                raise RuntimeError(f"message refused with code {code}")
        _, state = engine.assert_fact(ruleset, PROBE)
        found: Fired = []
        _, action = engine.start_action_for_state(ruleset, state)
        while action:
            ((rule, frame),) = json.loads(action).items()
            if "probe" not in frame.get("m", {}):
                found.append((rule, {alias: message["id"] for alias, message in frame.items()}))
            action = engine.complete_and_start_action(ruleset, state)
        engine.delete_state(ruleset, "0")
        return found
    except engine.error as error:
        raise RuntimeError(str(error)) from error
    finally:
        engine.delete_ruleset(ruleset)
