"""What `wuding demo` shows: a sample of real requests, and a simulated year of fire safety on a real tree."""
