"""The community-governance domain of Wuding."""
