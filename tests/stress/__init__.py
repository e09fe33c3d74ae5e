"""What loses nothing under failure, tried at random and at size: ``python -m tests.stress``, or ``make stress``."""
