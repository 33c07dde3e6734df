"""Service requests of a city, as a plugin of Wuding."""
