#!/usr/bin/env bash
# Installs Debian packages when root; otherwise names them and stops.
set -euo pipefail
if [ "$(id -u)" -ne 0 ]; then
  echo "These system packages are missing: $*"
  echo "Install them with: sudo apt-get install -y $*"
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "These system packages are missing and this is not Debian: $*"
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# Servers among them are wanted as programs; none of them is started, and no port is taken.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@"
