"""The fire-safety domain of Wuding."""
