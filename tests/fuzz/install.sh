#!/bin/sh
# Installs what make fuzz and make sanitize need, from Debian's packages.
set -eu
missing=
for package in clang libclang-rt-14-dev gcc; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
