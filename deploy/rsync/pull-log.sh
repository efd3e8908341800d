#!/usr/bin/env bash
# Brings queue_log and its rotated copies from the telephone server into a folder of this one. Run each minute by
# call-center-analytics-pull.timer; settings are in its environment (/etc/call-center-analytics/pull):
#   PULL_FROM   callcenter@pbx.example:   what rsync reads from; with the forced command below only the log's folder is seen
#   PULL_INTO   /var/lib/call-center-analytics-log   where it is kept: QUEUE_LOG_PATH is queue_log in it
#   PULL_SHELL  ssh -i KEY …              what reaches the server (rsync -e)
#   PULL_WHOLE  8388608                   bytes below which the live log is copied whole
# On the telephone server, one line of ~callcenter/.ssh/authorized_keys lets this key read that folder and do nothing else:
#   restrict,from="192.0.2.20",command="rrsync -ro /var/log/asterisk" ssh-ed25519 AAAA… call-center-analytics
set -euo pipefail

from="${PULL_FROM:?PULL_FROM is not set: callcenter@pbx.example:}"
into="${PULL_INTO:-/var/lib/call-center-analytics-log}"
shell="${PULL_SHELL:-ssh -i /etc/call-center-analytics/pull-key -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/etc/call-center-analytics/pull-hosts -o ConnectTimeout=20}"
whole="${PULL_WHOLE:-8388608}"

mkdir -p "$into"
exec 9>"$into/.pull.lock"
flock -n 9 || { echo "The run before is still at work."; exit 0; }

bring() { rsync -rt --chmod=F640 --timeout=60 -e "$shell" "$@" "$from/" "$into/"; }

# First what is finished: after a rotation the lines that were not fetched yet are in the newest copy.
copies="$(bring --itemize-changes --include='queue_log-*' --include='queue_log.*' --exclude='*')"

# Then the live log. A file that only grew is continued in its place, so that neither side reads it whole each minute. One
# that may have been replaced (a copy appeared) or is small comes as a new file, put in place in one moment: written over
# in place, the head of the new log would for a while be followed by the tail of the old one, and be read so.
size="$(stat -c %s "$into/queue_log" 2>/dev/null || echo 0)"
if grep -q '^>f' <<<"$copies" || [ "$size" -lt "$whole" ]; then
  bring --include=queue_log --exclude='*'
else
  bring --inplace --append --include=queue_log --exclude='*'
fi
