#!/usr/bin/env bash
# Installs what the stack takes from Debian rather than from Go modules, as far as it is absent. Without root it says what to install.
set -euo pipefail

missing=()
needs() { # needs PACKAGE FILE...: any of the files shows that it is there
	local package=$1 file
	shift
	for file in "$@"; do
		if [ -e "$file" ] || PATH=$PATH:/usr/sbin:/sbin command -v "$file" >/dev/null; then return 0; fi
	done
	missing+=("$package")
}
needs etcd-server etcd
needs redis-server redis-server
needs postgresql postgres /usr/lib/postgresql/*/bin/postgres
needs git git
needs gcc "$(go env CC)"
if [ "$(id -u)" = 0 ]; then # pods run for root alone
	needs containerd containerd
	needs runc runc
	needs containernetworking-plugins /usr/lib/cni/bridge /opt/cni/bin/bridge
	needs iproute2 ip
	needs iptables iptables
fi

[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "the stack needs more: apt-get install ${missing[*]}" >&2
	exit 1
fi
apt-get update -qq
# The stack starts its own: a policy of Debian's has the packages start no services, unless the machine has a policy already.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
