"""What Microsoft's requirements say, and which tests show them: python -m tests.spec, or make spec."""
