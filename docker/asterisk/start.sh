#!/bin/sh
# Renders asterisk-config/<part> with the environment and becomes Asterisk. Placeholders and their meaning: asterisk-config/README.md.
set -eu
part=${1:-pbx}
config=/usr/share/confirm-dialer/asterisk-config/$part
state=/var/lib/asterisk/dialer
mkdir -p "$state/lib/keys" "$state/spool/monitor" "$state/spool/recording" "$state/spool/tmp" "$state/run" "$state/log" "$state/cache"

if [ "$part" = pbx ]; then prefix=PBX; else prefix=CARRIER; fi
export "${prefix}_ETC_DIR=/etc/asterisk"
export "${prefix}_MODULE_DIR=$(dirname "$(find /usr/lib -name chan_pjsip.so | head -n 1)")"
export "${prefix}_SHARE_DIR=/usr/share/asterisk"
export "${prefix}_STATE_DIR=$state"
export "${prefix}_SOUNDS_DIR=$config/sounds"

# A password may come as a file.
if [ -z "${PBX_ARI_PASSWORD:-}" ] && [ -n "${PBX_ARI_PASSWORD_FILE:-}" ]; then
  PBX_ARI_PASSWORD=$(cat "$PBX_ARI_PASSWORD_FILE")
  export PBX_ARI_PASSWORD
fi

# PBX_AGENT_NAMES="agent-anna agent-borys" and PBX_PHONES_HOST=host:port make entries for phones at a fixed address.
PBX_AGENTS=
for name in ${PBX_AGENT_NAMES:-}; do
  PBX_AGENTS="$PBX_AGENTS
[$name](agent-phone)
aors = $name
[$name]
type = aor
contact = sip:$name@$PBX_PHONES_HOST
"
done
export PBX_AGENTS

# The dialplan's own variables have the same form: only names that are listed here are replaced, and each must have a value.
names=$(grep -ohE "\\\$\\{${prefix}_[A-Z_]+\\}" "$config"/*.conf | tr -d '${}' | sort -u)
list=
for name in $names; do
  eval "[ \"\${$name+set}\" = set ]" || { echo "start-asterisk: $name is not set" >&2; exit 1; }
  list="$list \${$name}"
done
for file in "$config"/*.conf; do
  (umask 077 && envsubst "$list" < "$file" > "/etc/asterisk/$(basename "$file")")
done
exec asterisk -f -C /etc/asterisk/asterisk.conf
