# Two commands for everybody: `make run` and `make test`. The rest is for those who change the code.
SHELL := /bin/bash
VENV ?= .venv
PY := $(VENV)/bin/python
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)

# Libraries are installed uncompiled for the tests: whoever imports one first keeps what it compiled for the others.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint format bench soak installs assets screenshots clean

run: $(VENV)/.run
	$(PY) app.py

test: $(VENV)/.dev system-test
	$(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

lint: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m mypy

format: $(VENV)/.dev
	$(PY) -m ruff check --fix .

bench: $(VENV)/.dev
	$(PY) -m tests.benchmarks

soak: $(VENV)/.dev
	$(PY) -m tests.benchmarks.soak $(ARGS)

installs: $(VENV)/.dev
	@command -v debootstrap >/dev/null || deploy/packages.sh debootstrap
	$(PY) -m tests.deploy.suites $(ARGS)

assets:
	deploy/vendor.sh

screenshots: $(VENV)/.dev system-test
	$(PY) -m tests.browser.screenshots

$(VENV)/bin/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $$("$(PYTHON)" --version) found"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || deploy/packages.sh python3-venv
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# Only some of what the tests need is ever imported: it is compiled when it is.
$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-compile -r requirements-dev.txt
	@touch $(VENV)/.run $@

.PHONY: system-test
system-test:
	@test -x /usr/bin/chromium || deploy/packages.sh chromium
	@command -v soffice >/dev/null || deploy/packages.sh libreoffice-calc-nogui
	@command -v pdffonts >/dev/null || deploy/packages.sh poppler-utils
	@command -v cc >/dev/null || deploy/packages.sh gcc libc6-dev || test -z "$$CI" -a "$$(id -u)" -ne 0
	@test -x /usr/sbin/mariadbd -a -x /usr/bin/mariadb || deploy/packages.sh mariadb-server-core mariadb-client-core \
	  || test -z "$$CI" -a "$$(id -u)" -ne 0
	@(for tool in nginx apache2 shellcheck setfacl logrotate rsync openssl systemctl; do command -v $$tool >/dev/null || exit 1; done) \
	  || deploy/packages.sh nginx-light apache2-bin shellcheck acl logrotate rsync openssl systemd \
	  || test -z "$$CI" -a "$$(id -u)" -ne 0

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache
