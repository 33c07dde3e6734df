"""What durable-rules can bear; beyond are errors, crashes, hangs. Measured."""

RULE_LEAVES = 28
SET_LEAVES = 50
POSITIVE = 8  # facts that one rule may join
MESSAGES = 20_000  # in one evaluation; ten kilobytes of memory each
