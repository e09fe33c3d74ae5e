"""``python -m activesync.mitm`` prints the path of the script that mitmproxy is to load."""

from pathlib import Path

if __name__ == "__main__":
    print(Path(__file__).with_name("addon.py"))
