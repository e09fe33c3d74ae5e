#!/bin/sh
# Prints the newest Python there is that mitmproxy 12 runs on, 3.12 or newer: one in PATH, or one of pyenv's.
set -eu

for version in 3.14 3.13 3.12; do
    for python in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
        # A shim of pyenv's is in PATH for each version, also for those that it does not run.
        if "$python" -c "import sys, venv; sys.exit(sys.version_info[:2] != ($(echo $version | tr . ,)))" \
            >/dev/null 2>&1; then
            "$python" -c 'import sys; print(sys.executable)'
            exit 0
        fi
    done
done
echo 'make mitmproxy: mitmproxy 12 needs Python 3.12 or newer, and there is none in PATH or in ~/.pyenv/versions' >&2
exit 1
