#!/bin/sh
# Runs the tests of the codec on an emulated 64-bit ARM: sh tests/aarch64.sh FOLDER [ARGUMENT ...]
# For Debian 12, as root, with the development environment in .venv. A cross compiler and qemu are installed; Debian's
# Python for ARM and what the tests import are only unpacked, in FOLDER. The arguments are pytest's.
set -eu

folder=$1
shift
version=3.11 # Debian 12's
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
root=$folder/root
python=$root/usr/bin/python$version

if ! command -v aarch64-linux-gnu-gcc >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user >/dev/null
fi

if [ ! -x "$python" ]; then
    # apt reckons what the interpreter needs, for a machine that has nothing yet; this one's packages are left alone.
    state=$folder/apt
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$root"
    : >"$state/status"
    arm() {
        apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$state" \
            -o Dir::State::status="$state/status" -o Dir::Cache="$state" "$@"
    }
    arm update
    arm -y --download-only --no-install-recommends install "python$version" "libpython$version-dev" >/dev/null
    for package in "$state"/archives/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
    rm -rf "$state"
fi

if [ ! -d "$folder/packages" ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --target "$folder/packages" \
        --python-version $version --implementation cp --abi cp311 --abi abi3 --abi none --only-binary=:all: \
        --platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux_2_28_aarch64 \
        'hypothesis>=6.100' 'lxml>=5' 'pytest>=8.2' 'pytest-timeout>=2.3'
fi

.venv/bin/python -m tests.fuzz.build aarch64 "$folder"
run() {
    env -u LD_PRELOAD LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONHOME="$root/usr" \
        PYTHONPATH="$folder/site:$folder/packages" WBXML_IMPL=c QEMU_LD_PREFIX="$root" qemu-aarch64 "$python" "$@"
}
run -c 'import platform, wbxml; print(platform.machine(), wbxml.__impl__)'
# Left out is what starts other processes, which only the emulator can. Bounds of time are wider, as under sanitizers.
run -m pytest --quiet -p no:cacheprovider --ignore tests/wbxml/test_cli.py --ignore tests/wbxml/test_kernel_choice.py \
    tests/wbxml "$@"
