# Every target does its own set-up, in .venv, from Python 3.11 or newer and make alone. A C compiler is used where there
# is one: without it wbxml runs on its Python kernel.
#
#   make test ARGS="-k foldersync"        more arguments for pytest, in test, interop and bench
#   make SECONDS=7200 fuzz                for how long, in seconds
#   make PYTHON=/usr/bin/python3.13 test  another interpreter than python3 (after make clean)

PYTHON ?= python3
ARGS ?=
SECONDS ?= 60

venv := .venv
python := $(venv)/bin/python
pip := $(python) -m pip install --quiet --disable-pip-version-check
kernel := src/wbxml/_kernel

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test interop spec spec-mutate stress bench instructions fuzz sanitize threads plain test-aarch64 \
    mitmproxy lint sdist wheels docs clean debian

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1 \2/p' Makefile | while read -r make target text; do \
	    printf '  make %-12s %s\n' "$$target" "$$text"; done

demo: $(venv)/with-cli ## synchronises a mailbox from the embedded server, in under 30 seconds
	@$(venv)/bin/activesync demo

test: $(venv)/with-test ## the tests, with each kernel there is; needs neither root nor a server
	@set -e; \
	kernels=$$(env -u WBXML_IMPL $(python) -c 'import wbxml; print({"c": "c python"}.get(wbxml.__impl__, "python"))'); \
	for impl in $$kernels; do \
	    echo "Tests with WBXML_IMPL=$$impl"; \
	    WBXML_IMPL=$$impl $(python) -m pytest $(ARGS); \
	done

interop: debian $(venv)/with-test ## the tests against a real SOGo (root, on Debian: it installs packages)
	PYTHON=$(python) sh tests/interop/install.sh
	$(python) -m pytest tests/interop $(ARGS)

spec: $(venv)/with-test ## which of Microsoft's requirements are shown by tests, and why the others are not
	@$(python) -m tests.spec $(ARGS)

spec-mutate: $(venv)/with-test ## changes 200 declarations at random, and sees the checks of requirements fail
	@$(python) -m tests.spec.mutate $(ARGS)

stress: $(venv)/with-test ## synchronisation under failure, at random and at size: nothing may be lost (under an hour)
	@$(python) -m tests.stress $(ARGS)

bench: $(venv)/with-bench ## what decoding and encoding take, beside other libraries; writes docs/benchmarks.md
	@# Without root or Debian, libwbxml is left out and named.
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then sh bench/install.sh; fi
	$(python) -m pytest bench --benchmark-only --benchmark-columns=min,median,rounds --benchmark-sort=name \
	    --benchmark-group-by=group,param:kind $(ARGS)
	@# The figures that it is held to. On a busy machine some are missed, and the table says which.
	-$(python) -m bench.ratios --docs docs

instructions: $(venv)/with-test ## compares the instructions that the kernel takes with kept figures (root, on Debian)
	sh bench/install.sh
	$(python) -m bench.instructions $(ARGS)

fuzz: $(venv)/with-fuzz ## fuzzes the codec for SECONDS=60, by libFuzzer with sanitizers and by atheris (root, on Debian)
	sh tests/fuzz/install.sh
	@mkdir -p build/fuzz
	$(python) -m tests.fuzz.build fuzz build/fuzz
	$(python) -m tests.fuzz.run $(SECONDS)

sanitize: $(venv)/with-test ## the tests, the kernel built with address and undefined-behaviour sanitizers
	@mkdir -p build/sanitize
	$(python) -m tests.fuzz.build sanitize build/sanitize
	LD_PRELOAD=$$(gcc -print-file-name=libasan.so) PYTHONMALLOC=malloc WBXML_IMPL=c PYTHONPATH=build/sanitize/site \
	    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 $(python) -m pytest --quiet $(ARGS)

threads: $(venv)/with-test ## the tests of the codec, its kernel built as for a Python without a GIL, with the thread sanitizer
	@mkdir -p build/threads
	$(python) -m tests.fuzz.build threads build/threads
	$(python) -m tests.fuzz.races build/threads
	LD_PRELOAD=$$(gcc -print-file-name=libtsan.so) WBXML_IMPL=c PYTHONPATH=build/threads/site \
	    TSAN_OPTIONS=halt_on_error=1:exitcode=66:report_signal_unsafe=0 $(python) -m pytest tests/wbxml --quiet $(ARGS)

plain: $(venv)/with-test ## the tests of the codec, its kernel built as for a processor without SSE2 and NEON
	@mkdir -p build/plain
	$(python) -m tests.fuzz.build plain build/plain
	WBXML_IMPL=c PYTHONPATH=build/plain/site $(python) -m pytest tests/wbxml --quiet $(ARGS)

test-aarch64: $(venv)/with-test ## the tests of the codec on an emulated 64-bit ARM, by qemu (root, on Debian)
	sh tests/aarch64.sh build/aarch64 $(ARGS)

mitmproxy: .venv-mitmproxy/made ## the views in the real mitmproxy, and the picture in docs/mitmproxy.md (Python 3.12, chromium)
	sh tests/mitm/install.sh
	PICTURE=docs/mitmproxy.png .venv-mitmproxy/bin/python -m pytest tests/mitm $(ARGS)

lint: $(venv)/with-dev ## ruff, mypy --strict, and pyright for programs of users
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy --strict
	$(python) -m mypy --strict tests/typing
	$(python) -m pyright --pythonpath $(python)

sdist: $(venv)/with-dev ## the source distribution, in dist/
	@# What an old list of files names would come along.
	@rm -rf dist src/*.egg-info
	$(python) -m build --quiet --sdist

wheels: $(venv)/with-wheels ## wheels for all interpreters here and the pure one, built twice and compared, each with all tests
	$(python) tools/wheels.py $(ARGS)

docs: $(venv)/with-docs ## the documentation as pages for a browser, in build/docs
	@NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs build --quiet
	@echo 'Open build/docs/index.html'

clean: ## removes what these targets made
	rm -rf $(venv) .venv-mitmproxy build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	rm -f $(kernel).c $(kernel).*.so
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +

debian:
	@[ -e /etc/debian_version ] && command -v apt-get >/dev/null || { \
	    echo 'make interop: installs SOGo from Debian packages, and this is no Debian' >&2; exit 1; }
	@[ "$$(id -u)" -eq 0 ] || { \
	    echo 'make interop: run it as root, it installs packages and starts servers under a user of their own' >&2; exit 1; }

# The environment, then the project in it, then what one of the extras in pyproject.toml asks for.

$(venv)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "make: Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1 || true);" \
	        "name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo 'Setting up .venv'
	@$(PYTHON) -m venv $(venv)
	@touch $@

$(venv)/project: $(venv)/created pyproject.toml setup.py $(wildcard $(kernel).pyx src/wbxml/*.h)
	@# A kernel of before must not outlive its source where it cannot be built again.
	@rm -f $(kernel).*.so
	@# Compiled beside its source: src/ is what runs, and what changes there counts at once.
	@$(pip) --editable .
	@env -u WBXML_IMPL $(python) -c 'import wbxml; print({"c": "wbxml has its compiled kernel"}.get(wbxml.__impl__, \
	    "wbxml runs on its Python kernel: the compiled one needs a C compiler and the headers of Python"))'
	@touch $@

$(venv)/with-%: $(venv)/project
	@$(pip) 'activesync[$*]'
	@touch $@

# An environment of its own, since mitmproxy needs a newer Python, and has firm wishes for versions of other packages.
.venv-mitmproxy/made: pyproject.toml setup.py tests/mitm/python.sh
	@set -e; python=$$(sh tests/mitm/python.sh); \
	echo "Setting up .venv-mitmproxy with $$python"; \
	rm -rf .venv-mitmproxy; "$$python" -m venv .venv-mitmproxy
	@.venv-mitmproxy/bin/python -m pip install --quiet --disable-pip-version-check \
	    --editable . 'mitmproxy>=12' 'pytest>=8.2' 'pytest-timeout>=2.3' 'trustme>=1.1'
	@touch $@
