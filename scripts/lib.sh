# shellcheck shell=bash
# What the set-up scripts share. Sourced by bash with `set -euo pipefail`.
# Results go to stdout; everything else to stderr, lower case, a hint on its own line.

oldest_postgres=15
cache="${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/tijori"
apt_log=$(mktemp "${TMPDIR:-/tmp}/tijori-setup.XXXXXX")
trap 'rm -f "$apt_log"' EXIT

say() { printf '%s\n' "$*" >&2; }

# fail PROBLEM HINT ends the script.
fail() {
	say "$1"
	say "$2"
	exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

# Where servers are unpacked that tests run. As root they run as another account, which may not enter root's home.
server_cache=$cache
if is_root; then server_cache=/var/cache/tijori; fi

have() { command -v "$1" >/dev/null 2>&1; }
have_apt() { have apt-get && have dpkg-deb; }

# need_go ends the script unless a Go that go.mod accepts is there.
need_go() {
	local want got
	want=$(awk '$1 == "go" { print $2; exit }' go.mod)
	have go || fail "go is not installed, and tijori is built with go $want or newer" \
		"install it from your distribution or go.dev/dl and put its bin folder on PATH"
	if ! go list -m >/dev/null 2>&1; then # the toolchain that go.mod asks for cannot be had
		got=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || true)
		fail "go $want or newer is needed, and this is ${got:-an older one}" \
			"install a newer go and put its bin folder first on PATH"
	fi
}

# server_folders lists where a PostgreSQL server may be, in the order of
# embedded.DefaultBinDirs.
server_folders() {
	if [ -n "${TIJORI_PG_BIN:-}" ]; then
		tr ':' '\n' <<<"$TIJORI_PG_BIN"
		return
	fi
	echo '/usr/lib/postgresql/*/bin'
	echo '/usr/pgsql-*/bin'
	echo '/usr/local/pgsql/bin'
	[ -z "${TIJORI_DATA:-}" ] || echo "$TIJORI_DATA/postgres/pgsql/usr/lib/postgresql/*/bin"
	echo "$cache/pgsql/usr/lib/postgresql/*/bin"
}

# tree_libraries BIN prints the library folders of an unpacked tree, or nothing
# for the system's own.
tree_libraries() {
	local tree=${1%%/usr/lib/postgresql/*}
	[ -n "$tree" ] && [ "$tree" != "$1" ] || return 0
	(shopt -s nullglob; IFS=:; dirs=("$tree"/usr/lib/*-linux-* "$tree"/lib/*-linux-*); echo "${dirs[*]}")
}

# server_bin PROGRAM prints the folder of the newest server that runs and has
# PROGRAM beside it, of the first place that has one.
server_bin() {
	local glob bin version best best_version
	while IFS= read -r glob; do
		best='' best_version=0
		# Word splitting is off for the pattern, so that a blank in a path does no harm.
		while IFS= read -r bin; do
			{ [ -x "$bin/initdb" ] && [ -x "$bin/$1" ]; } || continue
			version=$(LD_LIBRARY_PATH=$(tree_libraries "$bin") "$bin/postgres" --version 2>/dev/null |
				sed -nE 's/.*\(PostgreSQL\) ([0-9]+).*/\1/p') || continue
			if [ "${version:-0}" -ge "$oldest_postgres" ] && [ "$version" -gt "$best_version" ]; then
				best=$bin best_version=$version
			fi
		done < <(compgen -G "$glob" || true)
		if [ -n "$best" ]; then
			echo "$best"
			return
		fi
	done < <(server_folders)
	return 1
}

# apt_env gives an ordinary user package lists of their own when the system has
# none: `apt-get update` needs no root for that.
apt_env() {
	is_root && return 0
	compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null && [ -z "${own_lists:-}" ] && return 0
	own_lists=1
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
	cat >"$cache/apt/apt.conf" <<-CONF
		Dir::State::Lists "$cache/apt/lists";
		Dir::State::status "/var/lib/dpkg/status";
		Dir::Cache "$cache/apt";
		Debug::NoLocking "true";
	CONF
	export APT_CONFIG="$cache/apt/apt.conf"
}

apt_updated='' apt_trouble=''

# apt_update reads the package lists anew, once. A source that cannot be reached
# matters only if the package is then not found.
apt_update() {
	[ -z "$apt_updated" ] || return 1
	apt_updated=1
	is_root || { own_lists=1; apt_env; }
	say "reading the package lists"
	apt-get -qq -o DPkg::Lock::Timeout=120 update >"$apt_log" 2>&1 || true
	apt_trouble=$(sed -nE 's/^[EW]: //p' "$apt_log" | head -1)
}

# package_exists NAME: can apt install it?
package_exists() {
	[[ $(apt-cache policy "$1" 2>>"$apt_log") =~ Candidate:\ [0-9] ]]
}

# find_package NAME... prints the first that apt can install.
find_package() {
	local name
	for name; do
		if package_exists "$name"; then
			echo "$name"
			return
		fi
	done
	return 1
}

# server_package prints the package of the newest PostgreSQL server on offer.
server_package() {
	local newest
	newest=$(apt-cache search --names-only '^postgresql-[0-9]+$' 2>>"$apt_log" |
		sed -nE 's/^postgresql-([0-9]+) .*/\1/p' | sort -n | tail -1)
	[ "${newest:-0}" -ge "$oldest_postgres" ] || return 1
	echo "postgresql-$newest"
}

# apt_failed ends the script with what apt said last.
apt_failed() {
	say "apt-get could not get $1: $(grep -E '^[EW]:' "$apt_log" | tail -1 | sed -E 's/^[EW]: //' || true)"
	say "$2"
	exit 1
}

# install_packages NAME... as root.
install_packages() {
	local try
	say "installing $*"
	for try in 1 2; do
		if DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=120 \
			install --no-install-recommends "$@" >"$apt_log" 2>&1 </dev/null; then
			return 0
		fi
		apt_update || break # an old list names files that are gone
	done
	apt_failed "$*" "try: apt-get install --no-install-recommends $*"
}

# unpack_packages TREE WANTED NAME... puts packages and those they need and the
# system lacks below TREE, without installing anything. WANTED is a pattern of
# the packages among them that are of use.
unpack_packages() {
	local tree=$1 wanted=$2 new="$1.new" try names
	shift 2
	rm -rf "$new"
	mkdir -p "$new/deb" "$new/tree"
	say "unpacking $* below $tree"
	for try in 1 2; do
		names=$(apt-get -s -o Debug::NoLocking=true install --no-install-recommends "$@" 2>"$apt_log" |
			awk '$1 == "Inst" { print $2 }' | sed 's/:.*//' | sort -u | grep -E "$wanted" |
			grep -vE '^(libc6|libc-bin|libllvm.*|libz3-.*|lib.*-perl)$' || true)
		# shellcheck disable=SC2086 # names are package names, one a word
		if [ -n "$names" ] && (cd "$new/deb" && apt-get -qq download $names >"$apt_log" 2>&1); then
			break
		fi
		if [ "$try" = 2 ] || ! apt_update; then
			rm -rf "$new"
			apt_failed "$*" "ask an administrator for: apt-get install --no-install-recommends $*"
		fi
	done
	local deb
	for deb in "$new"/deb/*.deb; do
		dpkg-deb -x "$deb" "$new/tree"
	done
	rm -rf "$tree"
	mv "$new/tree" "$tree"
	rm -rf "$new"
}

# setup_server makes sure that a PostgreSQL server is there. Silent when it is.
setup_server() {
	local package again='set DATABASE_URL to a PostgreSQL server, or ask an administrator for: apt-get install postgresql'
	server_bin postgres >/dev/null && return 0
	[ -z "${TIJORI_PG_BIN:-}" ] || fail "no postgresql $oldest_postgres or newer in TIJORI_PG_BIN ($TIJORI_PG_BIN)" \
		"name the folder that has postgres and initdb, or unset it"
	have_apt || fail "no postgresql $oldest_postgres or newer, and this system has no apt-get to install it" \
		"install a postgresql server yourself, or set DATABASE_URL"
	apt_env
	package=$(server_package) || { apt_update || true; package=$(server_package) || true; }
	[ -n "$package" ] || fail "this system's packages have no postgresql $oldest_postgres or newer${apt_trouble:+ ($apt_trouble)}" "$again"
	if is_root; then
		install_server "$package"
	else
		[ -e /usr/share/zoneinfo/Asia/Kolkata ] || fail "the time zones of package tzdata are missing" \
			"ask an administrator for: apt-get install tzdata"
		unpack_packages "$cache/pgsql" '^(lib.*|postgresql(-client)?-[0-9]+)$' "$package"
	fi
	server_bin postgres >/dev/null || fail "postgresql was set up but does not run" "$again"
}

# install_server installs a server package without the cluster, the service and
# the TCP port that it would come with: tijori runs its own.
install_server() {
	local conf=/etc/postgresql-common/createcluster.conf ours=''
	if [ ! -e "$conf" ] && [[ $(dpkg-query -W -f '${Status}' postgresql-common 2>/dev/null) != *"ok installed" ]]; then
		ours=1
		mkdir -p "${conf%/*}"
		echo 'create_main_cluster = false' >"$conf"
	fi
	if ! (install_packages "$1"); then
		[ -z "$ours" ] || rm -f "$conf"
		exit 1
	fi
	# Later packages of the administrator's choice behave as usual.
	if [ -n "$ours" ] && [ -e /usr/share/postgresql-common/createcluster.conf ]; then
		cp /usr/share/postgresql-common/createcluster.conf "$conf"
	fi
}
