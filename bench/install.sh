#!/bin/sh
# Installs what make instructions and make bench need from Debian's packages: valgrind, and libwbxml as a contender.
set -eu
missing=
for package in valgrind libwbxml2-1; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
