"""Food inspections of a city, as a plugin of Wuding."""
