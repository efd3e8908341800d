#!/usr/bin/env bash
# Installs or upgrades Call Center Analytics as a service: Debian 12 and 13, Rocky (Alma, Red Hat) 8 and 9, also on the
# Issabel server itself. Running it again upgrades, or changes nothing when nothing is new. It says each thing it does.
set -euo pipefail

usage() {
  cat <<'WORDS'
deploy/install.sh [options]        as root, from the unpacked program

  --prefix DIR     where the program goes            (/opt/call-center-analytics)
  --data DIR       what it keeps                     (/var/lib/call-center-analytics)
  --user NAME      who runs it; made when missing    (callcenter)
  --python FILE    Python 3.11 or newer to use       (looked for, else installed from the distribution)
  --wheels DIR     install the Python packages from files in DIR, without a network (pip download -r requirements.txt -d DIR)
  --root DIR       install into the system that lies in DIR (an image), starting nothing
  --no-start       do not enable or start the service
  --rollback       go back to the release before
  --dry-run        only say what would be done
WORDS
}

prefix=/opt/call-center-analytics
data=/var/lib/call-center-analytics
etc=/etc/call-center-analytics
name=call-center-analytics
user=callcenter
python='' wheels='' root='' start=yes dry='' rollback=''
keep=3                                 # releases that stay for going back
given=("$@")

say() { printf '%s\n' "$*"; }
stop() { printf 'Stopped: %s\n' "$*" >&2; exit 1; }
# What changes something: said, and done unless --dry-run.
run() {
  printf '  %s\n' "$*"
  [ -n "$dry" ] || "$@"
}

while [ $# -gt 0 ]; do
  case "$1" in
    --prefix | --data | --user | --python | --wheels | --root)
      [ $# -gt 1 ] || stop "$1 needs a value."
      declare "${1#--}=$2"
      shift 2 ;;
    --no-start) start=''; shift ;;
    --rollback) rollback=yes; shift ;;
    --dry-run) dry=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; stop "unknown option $1." ;;
  esac
done
for path in "$prefix" "$data"; do
  [[ "$path" =~ ^/[A-Za-z0-9._/-]+$ ]] || stop "$path must be a whole path of letters, digits, '.', '_' and '-'."
done
if [[ ! "$user" =~ ^[a-z_][a-z0-9_-]*$ ]] || [ "$user" = root ]; then stop "--user $user: a name of its own, and not root."; fi
[ "$(id -u)" = 0 ] || [ -n "$dry" ] || stop "run it as root: sudo $0"
source="$(cd "$(dirname "$0")/.." && pwd)"

# -- into an image: the same script inside of it ---------------------------------------------------

if [ -n "$root" ]; then
  [ -x "$root/bin/bash" ] || stop "$root has no /bin/bash: it must hold a system."
  inside="$(mktemp -d "$root/var/tmp/$name.XXXXXX")"
  trap 'rm -rf "$inside"' EXIT
  tar -C "$source" --exclude=./.git --exclude=./.venv --exclude=./var -cf - . | tar -C "$inside" -xf -
  arguments=()
  for ((i = 0; i < ${#given[@]}; i++)); do
    case "${given[i]}" in
      --root) i=$((i + 1)) ;;
      --wheels) i=$((i + 1)); cp -r "${given[i]}" "$inside/.wheels"
        arguments+=(--wheels "${inside#"$root"}/.wheels") ;;
      *) arguments+=("${given[i]}") ;;
    esac
  done
  chroot "$root" "${inside#"$root"}/deploy/install.sh" "${arguments[@]}" --no-start
  exit 0
fi

# -- the machine -----------------------------------------------------------------------------------

[ -r /etc/os-release ] || stop "there is no /etc/os-release: this is no system that is known here."
said() { sed -n "s/^$1=//p" /etc/os-release | tr -d '"'; }
system="$(said ID) $(said ID_LIKE)"
words="$(said PRETTY_NAME)"
glibc="$(getconf GNU_LIBC_VERSION 2>/dev/null | awk '{print $2}')"
case " $system " in
  *" debian "* | *" ubuntu "*) packager=apt ;;
  *" rhel "* | *" fedora "* | *" centos "* | *" rocky "*) packager=dnf ;;
  *) packager='' ;;
esac
if [ -n "$glibc" ] && [ "$(printf '%s\n' 2.28 "$glibc" | sort -V | head -1)" != 2.28 ]; then
  stop "$words has glibc $glibc, and the packages the program is built on need 2.28 (Debian 10, Rocky 8 or newer). \
On Issabel 4 (CentOS 7) install it on another server and bring the log there: deploy/README.md."
fi

has_systemd() { [ -d /run/systemd/system ]; }

restart() {
  if [ -z "$start" ] || ! has_systemd; then
    say "Not started. Start it with: systemctl enable --now $name"
    return
  fi
  run systemctl daemon-reload
  run systemctl enable --quiet "$name.service"
  run systemctl restart "$name.service"
  [ -z "$dry" ] || return 0
  local address
  address="$(as_user python -c 'import config, serving; print(serving.address(config.load()))')"
  for _ in $(seq 120); do
    if as_user python deploy/alive.py "${address}health"; then
      say "It answers at $address"
      return
    fi
    sleep 1
  done
  stop "it does not answer at $address: journalctl -u $name -n 50; go back with $0 --rollback"
}

# A command of the installed release as its user, with its settings.
as_user() {
  local program="$1"
  shift
  (cd "$prefix/current" && runuser -u "$user" -- ".venv/bin/$program" "$@")
}

# Makes the link $2 lead to $1 in one step.
point() {
  run ln -sfn "$1" "$2.new"
  run mv -T "$2.new" "$2"
}

# -- going back ------------------------------------------------------------------------------------

if [ -n "$rollback" ]; then
  before="$(readlink "$prefix/previous" 2>/dev/null || true)"
  now="$(readlink "$prefix/current" 2>/dev/null || true)"
  if [ -z "$before" ] || [ ! -d "$prefix/$before" ]; then stop "there is no release to go back to in $prefix."; fi
  say "Going back from ${now#releases/} to ${before#releases/}"
  point "$before" "$prefix/current"
  point "$now" "$prefix/previous"
  kept="$(cat "$prefix/$now/.backup" 2>/dev/null || true)"
  [ -z "$kept" ] || say "Data is as it is. Should the older release refuse it: systemctl stop $name; \
$name restore --force $kept; systemctl start $name"
  restart
  exit 0
fi

# -- packages and Python ---------------------------------------------------------------------------

say "Call Center Analytics on $words${dry:+ (nothing is done: --dry-run)}"

suits() {
  "$1" -c 'import ensurepip, sys, venv; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 15)))' 2>/dev/null
}

find_python() {
  local one
  for one in ${python:+"$python"} python3.12 python3.11 python3.13 python3.14 python3; do
    one="$(PATH=/usr/bin:/usr/local/bin:/bin command -v "$one" 2>/dev/null)" || continue
    if suits "$one"; then echo "$one"; return 0; fi
    [ -z "$python" ] || return 1
  done
  return 1
}

install_packages() {
  case "$packager" in
    apt) run env DEBIAN_FRONTEND=noninteractive apt-get update -qq
      run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ;;
    dnf) run dnf install -y -q "$@" ;;
    *) stop "install these yourself, then run this again: $*" ;;
  esac
}

found="$(find_python || true)"
missing=()
command -v setfacl >/dev/null || missing+=(acl)
[ -d /etc/logrotate.d ] || missing+=(logrotate)
if [ -z "$found" ]; then
  [ -z "$python" ] || stop "$python is not Python 3.11 or newer with the modules venv and ensurepip."
  case "$packager" in
    apt) missing+=(python3 python3-venv) ;;
    # Python 3.12 is in AppStream from 8.10 and 9.4 on, 3.11 from 8.8 and 9.2 on.
    dnf) if [ -z "$dry" ] && ! dnf -q list python3.12 >/dev/null 2>&1; then missing+=(python3.11 python3.11-pip)
      else missing+=(python3.12 python3.12-pip); fi ;;
  esac
fi
if [ ${#missing[@]} -gt 0 ]; then
  say "Packages of the distribution: ${missing[*]}"
  install_packages "${missing[@]}"
  found="$(find_python || true)"
fi
if [ -z "$found" ] && command -v uv >/dev/null; then
  # uv itself comes from the package registry, but the Python it brings does not: it is fetched from its makers' site, or
  # from the mirror that UV_PYTHON_INSTALL_MIRROR names (a folder too: file:///…).
  say "Python by uv"
  run uv python install 3.12 --install-dir "$prefix/python"
  found="$(find "$prefix/python" -path '*/bin/python3.12' 2>/dev/null | head -1)"
fi
if [ -z "$found" ] && [ -z "$dry" ]; then
  stop "no Python 3.11 or newer with venv was found, and $words offers none. Install one (uv python install 3.12 brings one where \
the internet is reached) and run: $0 --python FILE"
fi
say "Python: ${found:-of the packages above}"

# -- user, release, environment --------------------------------------------------------------------

if id "$user" >/dev/null 2>&1; then
  say "User: $user is there"
else
  say "User: $user, without a password or a shell"
  run useradd --system --user-group --home-dir "$data" --no-create-home --shell "$(command -v nologin || echo /usr/sbin/nologin)" \
    --comment "Call Center Analytics" "$user"
fi

files() {
  (cd "$source" && find . \( -path ./.git -o -path ./.venv -o -path ./var -o -path ./tests -o -path ./.wheels -o -name __pycache__ \
    -o -name '.*_cache' -o -name .hypothesis -o -name node_modules -o -name .env \) -prune -o -type f -print | LC_ALL=C sort)
}

version="$(sed -n 's/^version = "\(.*\)"/\1/p' "$source/pyproject.toml")"
sum="$(files | (cd "$source" && xargs -d '\n' sha256sum) | sha256sum | cut -c1-10)"
release="releases/$version-$sum"
now="$(readlink "$prefix/current" 2>/dev/null || true)"
changed=''

run install -d -m 0755 "$prefix" "$prefix/releases" "$prefix/environments"

if [ -d "$prefix/$release" ]; then
  say "Release: ${release#releases/} is there"
else
  say "Release: ${release#releases/}"
  if [ -z "$dry" ]; then
    rm -rf "$prefix/releases/.new"
    install -d -m 0755 "$prefix/releases/.new"
    files | tar -C "$source" -cf - --owner=0 --group=0 --mode='u=rwX,go=rX' -T - | tar -C "$prefix/releases/.new" -xf -
  fi
fi

# One environment for the same packages and the same Python, shared by the releases that need it.
wanted="$( { cat "$source/requirements.txt"; ${found:+"$found" -VV} || true; } | sha256sum | cut -c1-10)"
environment="environments/$wanted"
if [ -e "$prefix/$environment/complete" ]; then
  say "Python packages: all there"
else
  say "Python packages: ${wheels:-from the package registry}"
  run rm -rf "$prefix/$environment"
  run "${found:-python3}" -m venv "$prefix/$environment"
  offline=()
  [ -z "$wheels" ] || offline=(--no-index --find-links "$wheels")
  run "$prefix/$environment/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --only-binary :all: \
    "${offline[@]}" -r "$source/requirements.txt"
  run touch "$prefix/$environment/complete"
fi

if [ -z "$dry" ] && [ -d "$prefix/releases/.new" ]; then
  ln -s "../../$environment" "$prefix/releases/.new/.venv"
  ln -s "$etc/env" "$prefix/releases/.new/.env"
  "$prefix/$environment/bin/python" -m compileall -q "$prefix/releases/.new"
  mv "$prefix/releases/.new" "$prefix/$release"
fi

# -- settings and folders --------------------------------------------------------------------------

run install -d -m 0755 "$etc"
if [ -e "$etc/env" ]; then
  say "Settings: $etc/env stays as it is"
else
  say "Settings: $etc/env"
  [ -n "$dry" ] || sed "s|^DATA_DIR=.*|DATA_DIR=$data|" "$source/deploy/env.example" >"$etc/env"
fi
run chown "root:$user" "$etc/env"
run chmod 0640 "$etc/env"
run install -d -m 0700 -o "$user" -g "$user" "$data" "/var/log/$name"

setting() { [ ! -r "$etc/env" ] || sed -n "s/^$1=//p" "$etc/env" | tail -1 | sed "s/^[\"']//; s/[\"']$//"; }

# Reading what Asterisk writes: a right of this user alone, also on the files of tomorrow. A group would give more than is
# needed, and `chmod` is undone by the next rotation.
may_read() {
  local folder="$1" above="$1"
  if [ ! -d "$folder" ]; then
    say "Reading: $folder is not on this machine"
    return
  fi
  if getfacl -p "$folder" 2>/dev/null | grep -q "^default:user:$user:r-x"; then
    say "Reading: $folder is open to $user"
    return
  fi
  say "Reading: $folder for $user"
  while above="$(dirname "$above")" && [ "$above" != / ]; do
    runuser -u "$user" -- test -x "$above" 2>/dev/null || run setfacl -m "u:$user:x" "$above"
  done
  if ! run setfacl -R -m "u:$user:rX" "$folder" || ! run find "$folder" -type d -exec setfacl -m "d:u:$user:rX" {} +; then
    say "  $folder keeps no access lists (NFS?): let $user read it by other means."
  fi
}
log="$(setting QUEUE_LOG_PATH)"
recordings="$(setting RECORDINGS_DIR)"
may_read "$(dirname "${log:-/var/log/asterisk/queue_log}")"
may_read "${recordings:-/var/spool/asterisk/monitor}"

# -- the service -----------------------------------------------------------------------------------

rendered() {
  sed -e "s|/opt/call-center-analytics|$prefix|g" -e "s#/var/lib/call-center-analytics\([^-]\|$\)#$data\1#g" \
    -e "s/^\(User\|Group\)=callcenter$/\1=$user/" -e "s/ callcenter callcenter$/ $user $user/" "$1" |
    if [ "$data" = "/var/lib/$name" ]; then cat; else sed "/^StateDirectory=$name\$/d"; fi
}

put() {
  local text
  text="$(rendered "$source/$1")"
  if [ "$text" = "$(cat "$2" 2>/dev/null)" ]; then return; fi
  say "  $2"
  changed=yes
  [ -n "$dry" ] || { install -d -m 0755 "$(dirname "$2")"; printf '%s\n' "$text" >"$2"; chmod "$3" "$2"; }
}

say "Service files"
for unit in "$name.service" "$name-pull.service" "$name-pull.timer"; do
  put "deploy/systemd/$unit" "/etc/systemd/system/$unit" 0644
done
put deploy/logrotate "/etc/logrotate.d/$name" 0644
put deploy/command.sh "/usr/local/bin/$name" 0755

# -- the step from one release to the next ---------------------------------------------------------

if [ "$now" = "$release" ]; then
  say "${release#releases/} is what runs"
else
  if [ -n "$now" ] && [ -e "$data/app.db" ] && [ -z "$dry" ]; then
    if as_user python app.py backup --help >/dev/null 2>&1; then
      kept="/var/backups/$name/before-${release#releases/}-$(date +%Y%m%d-%H%M%S).tar.gz"
      say "Backup: $kept"
      run install -d -m 0755 /var/backups
      run install -d -m 0700 -o "$user" -g "$user" "/var/backups/$name"
      as_user python app.py backup "$kept" || stop "no backup, no upgrade. What runs is unchanged."
      echo "$kept" >"$prefix/$release/.backup"
    else
      say "Backup: none, since ${now#releases/} cannot make one; copy $data yourself while the service is stopped"
    fi
  fi
  [ -z "$now" ] || point "$now" "$prefix/previous"
  point "$release" "$prefix/current"
  changed=yes
fi

# What nobody can go back to any more; of the backups made here the newest ones stay.
if [ -z "$dry" ]; then
  find "$prefix/releases" -mindepth 1 -maxdepth 1 -printf '%T@ releases/%f\n' | sort -rn | tail -n +$((keep + 1)) | cut -d' ' -f2 |
    while read -r one; do
      [ "$one" = "$release" ] || [ "$one" = "$(readlink "$prefix/previous")" ] || run rm -rf "${prefix:?}/$one"
    done
  used="$(readlink "$prefix"/releases/*/.venv)"
  for one in "$prefix"/environments/*; do
    grep -qx "../../environments/${one##*/}" <<<"$used" || run rm -rf "$one"
  done
  if [ -d "/var/backups/$name" ]; then
    find "/var/backups/$name" -name 'before-*.tar.gz' -printf '%T@ %p\n' | sort -rn | tail -n +$((keep + 1)) | cut -d' ' -f2 |
      while read -r one; do run rm -f "$one"; done
  fi
fi

if [ -n "$changed" ]; then
  restart
elif [ -n "$start" ] && has_systemd && ! systemctl --quiet is-active "$name.service"; then
  restart
else
  say "Nothing changed."
fi
[ -n "$now" ] || say "First sign-in: user admin, password admin123; it has to be changed at once."
say "Settings are in $etc/env (then: systemctl restart $name); what is wrong says: $name doctor"
