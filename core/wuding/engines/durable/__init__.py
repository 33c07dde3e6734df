"""The durable engine: terms compiled to durable-rules, run in a process that may be lost (see `supervise`)."""
