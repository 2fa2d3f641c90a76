"""The CityGate gateway."""
