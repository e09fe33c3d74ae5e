#!/bin/sh
# Installs the browser that takes the picture of mitmweb, from Debian, as root. Does nothing where there is one.
set -eu

command -v chromium >/dev/null && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo 'make mitmproxy: chromium is needed for the picture; as root on Debian it is installed' >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt() {
    # stdin is closed to it: a question must fail, not wait. Another apt-get may be at work: wait for its lock.
    apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" </dev/null
}
apt update
apt install -y --no-install-recommends chromium
