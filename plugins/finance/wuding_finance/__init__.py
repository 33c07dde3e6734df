"""The rural finance domain of Wuding."""
