"""The morality-bank domain of Wuding."""
