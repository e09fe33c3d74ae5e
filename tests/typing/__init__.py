"""Small programs of users, as mypy --strict and pyright see them; tests/test_typing.py and make lint check them."""
