#!/bin/sh
# A command of the program with the service's settings and as its user: call-center-analytics doctor. Files are named by
# whole paths, in folders where that user may write.
user=$(sed -n 's/^User=//p' /etc/systemd/system/call-center-analytics.service)
cd /opt/call-center-analytics/current || exit 1
[ "$(id -un)" = "$user" ] || exec runuser -u "$user" -- "$0" "$@"
exec .venv/bin/python app.py "$@"
