"""The campus-shop domain of Wuding."""
