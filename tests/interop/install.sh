#!/bin/sh
# Installs what the interoperability tests use: SOGo with its ActiveSync module, the servers around it, sqlite3
# and other readers of WBXML: libwbxml, tshark, Horde. For Debian 12, as root. Does nothing, quickly, where all of it is
# there already.
set -eu

packages="sogo sogo-activesync memcached dovecot-imapd nginx-light postgresql openssl libwbxml2-utils sqlite3 \
    tshark php-cli php-horde-xml-wbxml"

# The tests seed real mail, CPython's own test corpus. Debian keeps it in a package of its own, other builds of
# Python mostly bring it along.
if ! "${PYTHON:-python3}" -c '
import os, sysconfig
os.stat(os.path.join(sysconfig.get_path("stdlib"), "test", "test_email", "data", "msg_01.txt"))' 2>/dev/null; then
    packages="$packages libpython3.11-testsuite"
fi

# Only what is missing is named to apt-get, so that nothing the machine already has is upgraded on the way.
missing=
for package in $packages; do
    # The format is dpkg-query's, not the shell's.
    # shellcheck disable=SC2016
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
        installed) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "install.sh: run as root to install:$missing" >&2
    exit 1
fi

# The packages would start their own SOGo, PostgreSQL, Dovecot, nginx and memcached on the standard ports, and a
# taken port would fail the installation. The tests start private ones instead, so Debian's hook for such cases
# refuses every start while apt-get runs. A hook that the machine already has stays as it is. (Where systemd runs, the
# services are enabled for the next boot, as Debian does it: `systemctl disable` is for who does not want them.)
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt() {
    # stdin is closed to it: a question must fail, not wait. Another apt-get may be at work: wait for its lock.
    apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" </dev/null
}
apt update
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing
