"""A fuzzing proxy: mitmproxy changes the WBXML of some requests on their way, to see what a server makes of them.

    FUZZ_SEED=1 mitmdump --mode reverse:https://test.example.com -s mitmproxy_fuzz.py

Only for servers of your own. One request in FUZZ_EVERY (3) is changed, FUZZ_MOST (100) at most; what was done is
logged, and stands as a comment at the flow. The same seed and the same requests give the same changes.
"""

import logging
import os
import random

import wbxml

TEXTS = ("", "0", "-1", "4294967296", "\u202e\u00e4\U0001f600", "x" * 5000, b"\xff\xfe", "2026-02-30T25:61:00.000Z")
CHANGES = ("drop", "double", "move", "value", "cut", "byte")


def changed(body: bytes, dice: random.Random) -> tuple[bytes, str]:
    """The document with one token changed, and in words what was done."""
    tokens = list(wbxml.tokens(body))
    change, at = dice.choice(CHANGES), dice.randrange(len(tokens))
    token = tokens[at]
    if change == "value":
        try:
            tokens[at] = token.changed(dice.choice(TEXTS) if token.kind == "str_i" else dice.randrange(64))
        except ValueError:  # a token without such a value
            change = "drop"
    if change == "drop":
        del tokens[at]
    elif change == "double":
        tokens.insert(at, token)
    elif change == "move":
        tokens.insert(dice.randrange(len(tokens)), tokens.pop(at))
    elif change == "cut":
        del tokens[at:]
    elif change == "byte":
        tokens[at] = token._replace(raw=bytes([dice.randrange(256)]) + token.raw[1:])
    done = f"{change} {token.kind} {token.tag or ''} at offset {token.offset}"
    return b"".join([one.raw for one in tokens]), " ".join(done.split())


class FuzzProxy:
    """What mitmproxy calls for each request."""

    def __init__(self, seed: str, every: int, most: int) -> None:
        self.dice, self.every, self.left = random.Random(seed), every, most

    def request(self, flow) -> None:
        """Changes the request, if it is its turn."""
        body = flow.request.content
        is_document = body and "ms-sync" in flow.request.headers.get("content-type", "")
        if is_document and self.left and self.dice.randrange(self.every) == 0:
            self.left -= 1
            flow.request.content, flow.comment = changed(body, self.dice)
            logging.getLogger(__name__).warning("fuzzed: %s", flow.comment)


given = os.environ.get
addons = [FuzzProxy(given("FUZZ_SEED", "1"), int(given("FUZZ_EVERY", "3")), int(given("FUZZ_MOST", "100")))]
