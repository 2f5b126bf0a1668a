"""AWS in this machine for the demo and the tests: only cli imports it, only it imports moto."""
