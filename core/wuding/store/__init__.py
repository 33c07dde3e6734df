"""Where things are kept: the ledger of facts, its projections, its columns, the findings of checks."""
