"""The environmental-supervision domain of Wuding."""
