"""The columnar engine: conditions become expressions over columns, matching becomes joins."""
