#!/bin/sh
# Makes a Debian 12 or Raspberry Pi OS (bookworm) machine a Slipway device: containerd and runc from
# Debian, a kubelet, their configuration and units, and the agent. Run it again to change or update.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=versions.env
. "$here/versions.env"

usage() {
    cat <<'TEXT'
usage: install.sh --trust-root FILE --registry HOST[:PORT] --agent-pod FILE [options]
       install.sh --trust-root FILE --registry HOST[:PORT] --bucket URL --channel CHANNEL [options]
       install.sh --uninstall [--purge]

  --trust-root FILE     the owner's root.json: the device runs nothing that this does not lead to
  --registry HOST[:PORT][/PATH]  where alone images may come from

The agent as a pod, which is brought up to date by its channel:
  --agent-pod FILE      what `slipway device agent ARCH CHANNEL` prints where the keys are

Or as a systemd service:
  --bucket URL          the deploy bucket: https://…, http://…, gs://…, s3://… or file:///folder
  --channel CHANNEL     latest, alpha, beta or stable
  --reports URL         where it reports to: the same kinds of URL (default: nowhere)

  --registry-ca FILE    the certificate authority that signed the registry's certificate
  --registry-plain-http the registry speaks HTTP without TLS
  --registry-config FILE  a docker config.json with the registry's credentials
  --kubelet FILE        use this kubelet instead of downloading the pinned one
  --arch ARCH           x86_64, aarch64 or armv7l (default: this machine's)
  --root FOLDER         where everything lives (default: /opt/slipway)
  --destdir FOLDER      write the files below FOLDER and start nothing; needs no root
  --dry-run             say what would be done, do nothing
  --uninstall           stop everything and remove it; the data stays without --purge
  --purge               with --uninstall: remove the root folder too
TEXT
}

say() { printf 'slipway: %s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
    exit 2
}

bucket='' channel='' agent_pod='' reports='' trust_root='' registry='' registry_ca='' registry_config=''
plain_http='' kubelet='' arch='' root=/opt/slipway destdir='' dry='' uninstall='' purge=''
while [ $# -gt 0 ]; do
    option=$1
    case $option in
        --dry-run) dry=yes ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        --registry-plain-http) plain_http=yes ;;
        -h | --help) usage; exit 0 ;;
        --trust-root | --bucket | --channel | --reports | --agent-pod | --registry | \
            --registry-ca | --registry-config | --kubelet | --arch | --root | --destdir)
            [ $# -ge 2 ] || fail "$option needs a value"
            shift
            case $option in
                --trust-root) trust_root=$1 ;;
                --bucket) bucket=${1%/} ;;
                --channel) channel=$1 ;;
                --reports) reports=${1%/} ;;
                --agent-pod) agent_pod=$1 ;;
                --registry) registry=$1 ;;
                --registry-ca) registry_ca=$1 ;;
                --registry-config) registry_config=$1 ;;
                --kubelet) kubelet=$1 ;;
                --arch) arch=$1 ;;
                --root) root=${1%/} ;;
                --destdir) destdir=${1%/} ;;
            esac ;;
        *) usage >&2; fail "unknown option '$option'" ;;
    esac
    shift
done

# A 64-bit kernel often runs a 32-bit system on a Raspberry Pi: the system decides.
if [ -z "$arch" ]; then
    case $(dpkg --print-architecture 2>/dev/null || true) in
        amd64) arch=x86_64 ;;
        arm64) arch=aarch64 ;;
        armhf) arch=armv7l ;;
        *) arch=$(uname -m) ;;
    esac
fi
case $arch in
    x86_64) goarch=amd64 version=$KUBELET_VERSION_x86_64 sum=$KUBELET_SHA256_x86_64 ;;
    aarch64) goarch=arm64 version=$KUBELET_VERSION_aarch64 sum=$KUBELET_SHA256_aarch64 ;;
    armv7l) goarch=arm version=$KUBELET_VERSION_armv7l sum=$KUBELET_SHA256_armv7l ;;
    *) fail "arch '$arch' is not supported" "x86_64, aarch64 and armv7l are" ;;
esac
case $root in
    /*[!A-Za-z0-9/_.-]*) fail "--root '$root' holds a character that unit files do not take" ;;
    /?*) ;;
    *) fail "--root '$root' is not an absolute folder" ;;
esac
target=$destdir$root
units=$destdir/etc/systemd/system
settings=$destdir/etc/sysctl.d/60-slipway.conf
agent=service
[ -z "$agent_pod" ] || agent=pod
names='slipway-agent slipway-kubelet slipway-containerd'
live=''
[ -n "$destdir" ] || live=yes

# Runs a command, or says it.
run() {
    if [ -n "$dry" ]; then say "would run: $*"; else "$@"; fi
}
# Runs a command that changes the running system, which --destdir leaves alone.
system() { [ -z "$live" ] || run "$@"; }
# put MODE FILE: writes standard input to FILE, whole or not at all.
put() {
    if [ -n "$dry" ]; then
        cat >/dev/null
        say "would write: $2"
        return
    fi
    mkdir -p "$(dirname "$2")"
    cat >"$2.new"
    chmod "$1" "$2.new"
    mv "$2.new" "$2"
}
# fill NAME: a file beside this script, with its placeholders filled in.
fill() {
    sed -e "s|@ROOT@|$root|g" -e 's|@CGROUP_DRIVER@|systemd|' -e 's|@CGROUP_ROOT@|/|' \
        -e 's|@SYSTEMD_CGROUP@|true|' -e 's|@RESTRICT_OOM_SCORE_ADJ@|false|' "$here/$1"
}

# What only a real run stops at.
refuse() {
    [ -n "$dry" ] || fail "$1" "${2:-}"
    say "would stop: $1${2:+ ($2)}"
}

require_root() {
    [ -n "$dry$destdir" ] || [ "$(id -u)" = 0 ] || fail "this needs root" "Run it with sudo"
}

stop_pods() {
    # The kubelet ends what is no longer in its folder.
    run find "$target/pods" -mindepth 1 -delete
    [ -z "$dry" ] || return 0
    tries=0
    while [ "$tries" -lt 60 ] && [ -n "$(ctr --address /run/slipway/containerd.sock \
        --namespace k8s.io tasks list --quiet 2>/dev/null)" ]; do
        sleep 0.5
        tries=$((tries + 1))
    done
}

remove_all() {
    require_root
    [ -z "$live" ] || [ ! -d "$target/pods" ] || stop_pods
    for name in $names; do
        [ -e "$units/$name.service" ] || continue
        system systemctl disable --now "$name.service"
        run rm -f "$units/$name.service"
    done
    run rm -f "$settings"
    system systemctl daemon-reload
    if [ -n "$live" ]; then
        # Those of pods that would not end, deepest first.
        awk -v a="$root/" -v b=/run/slipway/ 'index($2, a) == 1 || index($2, b) == 1 {print $2}' \
            /proc/mounts | sort -r | while read -r mount; do run umount "$mount" || true; done
        run rm -rf /run/slipway
    fi
    if [ -n "$purge" ]; then
        run rm -rf "$target"
    else
        say "the data is still in $target"
    fi
}

check_url() {
    case $2 in
        https://?* | http://?* | gs://?* | s3://?* | file:///?*) ;;
        *) fail "$1 '$2' is not a bucket URL" "https://…, http://…, gs://…, s3://…, file:///…" ;;
    esac
}

check_options() {
    [ -n "$trust_root" ] ||
        fail "--trust-root is missing" "Give the root.json of the keys that sign the channels: slipway keys status"
    [ -n "$registry" ] || fail "--registry is missing" "Images may come from there alone"
    if [ "$agent" = pod ]; then
        [ -z "$bucket$channel$reports" ] ||
            fail "--agent-pod says the bucket, the channel and the reports itself" "Leave them out"
    else
        [ -n "$bucket$channel" ] || fail "no agent is given" "Use --agent-pod, or --bucket and --channel"
        case $channel in
            latest | alpha | beta | stable) ;;
            *) fail "channel '$channel' does not exist" "--channel takes latest, alpha, beta or stable" ;;
        esac
        check_url --bucket "$bucket"
        [ -z "$reports" ] || check_url --reports "$reports"
    fi
    case $registry in
        /* | *//* | *[!A-Za-z0-9.:/_-]*) fail "--registry '$registry' is not HOST[:PORT][/PATH]" ;;
    esac
    [ -z "$registry_ca" ] || [ -z "$plain_http" ] || fail "plain HTTP has no certificate authority"
    for file in "$trust_root" "$agent_pod" "$registry_ca" "$registry_config" "$kubelet"; do
        [ -z "$file" ] || [ -r "$file" ] || fail "'$file' cannot be read" "Name a file that is there"
    done
    grep -q '"_type": *"root"' "$trust_root" || fail "'$trust_root' is not a root.json"
    [ "$agent" != pod ] || grep -q "^ *dev.slipway.arch: $arch\$" "$agent_pod" ||
        fail "'$agent_pod' is not the agent's pod for $arch" "Take $arch/CHANNEL/slipway-agent-pod.yaml"
}

check_machine() {
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ "$codename" = bookworm ] || refuse "this system is '$codename'" "Debian 12 and Raspberry Pi OS bookworm are supported"
    [ -d /run/systemd/system ] || refuse "systemd does not run here"
    if ! grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null &&
        ! awk '$1 == "memory" && $4 == 1 {found = 1} END {exit !found}' /proc/cgroups; then
        refuse "the kernel's memory control group is off, a kubelet needs it" \
            "Raspberry Pi: add cgroup_enable=memory to the line in /boot/firmware/cmdline.txt and reboot"
    fi
    [ -e /proc/sys/net/ipv4/tcp_migrate_req ] ||
        say "warning: this kernel is older than 5.14, an update may reset a connection that comes just then"
}

install_packages() {
    # A list of words, one package each.
    # shellcheck disable=SC2046
    set -- $(awk -v agent="$agent" '$1 !~ /^#/ && ($2 == "" || $2 == agent) {print $1}' \
        "$here/debian-packages.txt")
    missing='' had_containerd=''
    for package in "$@"; do
        if dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$'; then
            [ "$package" != containerd ] || had_containerd=yes
        else
            missing="$missing $package"
        fi
    done
    [ -n "$missing" ] || return 0
    say "installing$missing"
    run apt-get update -q
    # A list of words, one package each.
    # shellcheck disable=SC2086
    run env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
    # The package starts a containerd of its own, which nobody needs here; one that was there stays.
    [ -n "$had_containerd" ] || run systemctl disable --now containerd.service
}

install_kubelet() {
    if [ -n "$kubelet" ]; then
        [ -n "$dry" ] || "$kubelet" --version >/dev/null 2>&1 || [ -n "$destdir" ] ||
            fail "'$kubelet' does not run on this machine"
        say "kubelet: $kubelet"
        put 755 "$target/bin/kubelet" <"$kubelet"
        return
    fi
    url=$KUBELET_URL/v$version/bin/linux/$goarch/kubelet
    if [ -f "$target/bin/kubelet" ] && echo "$sum  $target/bin/kubelet" | sha256sum --check --status; then
        say "kubelet: $version is there"
        return
    fi
    say "kubelet: $version from $url"
    [ -z "$dry" ] || { say "would write: $target/bin/kubelet"; return; }
    mkdir -p "$target/bin"
    curl -fL --proto '=https' --retry 3 -o "$target/bin/kubelet.new" "$url"
    if ! echo "$sum  $target/bin/kubelet.new" | sha256sum --check --status; then
        rm -f "$target/bin/kubelet.new"
        fail "$url has not the pinned SHA-256 checksum $sum" "Nothing was installed from it"
    fi
    chmod 755 "$target/bin/kubelet.new"
    mv "$target/bin/kubelet.new" "$target/bin/kubelet"
}

install_files() {
    for folder in pods agent images streams trust spool bucket reports bin lib etc containerd kubelet; do
        run mkdir -p "$target/$folder"
    done
    system sh -c 'getent passwd slipway >/dev/null || useradd --system --uid 10001 --user-group \
        --home-dir / --no-create-home --shell /usr/sbin/nologin slipway'
    system chown 10001:10001 "$target/pods" "$target/agent" "$target/spool" "$target/reports"
    put 644 "$target/trust/root.json" <"$trust_root"
    if [ -e "$target/trust/policy.toml" ]; then
        say "policy: $target/trust/policy.toml stays as it is"
    else
        put 644 "$target/trust/policy.toml" <<TOML
# Which signed pods may run on this device. What is left out is forbidden.
registries = ["$registry"]
host_paths = ["$root/images", "$root/streams"]
writable_host_paths = ["$root/spool"]
TOML
    fi
    put 644 "$settings" <<CONF
# A connection that waits at a server which closes its port goes over to the one beside it.
-net.ipv4.tcp_migrate_req = 1
CONF
    system sysctl -q -p "$settings"
    fill kubelet.yaml | put 644 "$target/etc/kubelet.yaml"
    fill containerd.toml | put 644 "$target/etc/containerd.toml"
    fill cni.conflist | put 644 "$target/etc/cni/10-slipway.conflist"
    fill start-kubelet | put 755 "$target/lib/start-kubelet"
    if [ -n "$registry_ca$plain_http" ]; then
        host=${registry%%/*} hosts=$target/etc/certs.d/${registry%%/*}
        scheme=https ca=''
        [ -z "$plain_http" ] || scheme=http
        [ -z "$registry_ca" ] || ca="  ca = \"$root/etc/certs.d/$host/ca.crt\""
        [ -z "$registry_ca" ] || put 644 "$hosts/ca.crt" <"$registry_ca"
        put 644 "$hosts/hosts.toml" <<TOML
server = "$scheme://$host"
[host."$scheme://$host"]
  capabilities = ["pull", "resolve"]
$ca
TOML
    fi
    # Where a kubelet looks for the credentials of its pulls.
    [ -z "$registry_config" ] || put 600 "$target/kubelet/config.json" <"$registry_config"
    run sh "$here/make-pause-image" "$target/lib/pause.tar" "$arch"
    for name in slipway-containerd slipway-kubelet; do
        fill "$name.service" | put 644 "$units/$name.service"
    done
}

# The agent that runs may be of another channel, and would put its own manifest back.
retire_agent() {
    system systemctl disable --now slipway-agent.service 2>/dev/null || true
    run rm -f "$target"/pods/slipway-agent.*.yaml
    [ -n "$live" ] && [ -z "$dry" ] || return 0
    tries=0
    while pgrep -f -- '-m slipway_agent' >/dev/null || agent_is_there; do
        [ "$tries" -lt 60 ] || fail "the agent that runs now does not end" "See: journalctl -u slipway-kubelet"
        rm -f "$target"/pods/slipway-agent.*.yaml
        tries=$((tries + 1))
        sleep 1
    done
}
agent_is_there() {
    set -- "$target"/pods/slipway-agent.*.yaml
    [ -e "$1" ]
}

install_agent_pod() {
    pod=$(sed -n 's/^  name: "\{0,1\}\([a-z0-9][a-z0-9.-]*\)"\{0,1\}$/\1/p' "$agent_pod" | head -n 1)
    [ -n "$pod" ] || fail "'$agent_pod' has no metadata.name"
    manifest=$target/pods/slipway-agent.$pod.yaml
    run rm -f "$units/slipway-agent.service"
    if [ -n "$dry" ]; then
        say "would write: $manifest"
        return
    fi
    # A name that begins with a dot is nothing to the kubelet, until it is whole.
    new=$target/pods/.slipway-agent.new
    cp "$agent_pod" "$new"
    chmod 644 "$new"
    system chown 10001:10001 "$new"
    retire_agent
    mv "$new" "$manifest"
}

install_agent_service() {
    [ -d "$here/../slipway_agent" ] ||
        fail "$here/../slipway_agent is missing" "Copy all of edge-agent/ to the device"
    run rm -rf "$target/lib/agent"
    run mkdir -p "$target/lib/agent"
    # The wheels that this arch's Python takes; what is locked is what comes.
    run python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
        --require-hashes --only-binary=:all: --implementation=cp --python-version=3.11 \
        --abi=abi3 --abi=none --platform="manylinux_2_34_$arch" --platform="manylinux_2_31_$arch" \
        --platform=any --target="$target/lib/agent" --requirement="$here/../slipway_agent/requirements.lock"
    run cp -R "$here/../slipway_agent" "$target/lib/agent/slipway_agent"
    retire_agent
    put 644 "$target/etc/agent.env" <<ENV
SLIPWAY_AGENT_BUCKET=$bucket
SLIPWAY_AGENT_ARCH=$arch
SLIPWAY_AGENT_CHANNEL=$channel
SLIPWAY_AGENT_PODS=$root/pods
SLIPWAY_AGENT_STATE=$root/agent
SLIPWAY_AGENT_TRUST=$root/trust
SLIPWAY_AGENT_SPOOL=$root/spool
${reports:+SLIPWAY_AGENT_REPORTS=$reports}
ENV
    fill slipway-agent.service | put 644 "$units/slipway-agent.service"
}

if [ -n "$uninstall" ]; then
    remove_all
    exit 0
fi
check_options
for file in debian-packages.txt kubelet.yaml containerd.toml cni.conflist start-kubelet \
    make-pause-image slipway-containerd.service slipway-kubelet.service slipway-agent.service; do
    [ -r "$here/$file" ] || fail "$here/$file is missing" "Copy all of edge-agent/ to the device"
done
require_root
if [ -n "$live" ]; then
    check_machine
    install_packages
fi
install_kubelet
install_files
if [ "$agent" = pod ]; then install_agent_pod; else install_agent_service; fi
if [ -n "$live" ]; then
    run systemctl daemon-reload
    run systemctl enable slipway-containerd.service slipway-kubelet.service
    run systemctl restart slipway-containerd.service slipway-kubelet.service
    if [ "$agent" = service ]; then
        run systemctl enable slipway-agent.service
        run systemctl restart slipway-agent.service
    fi
fi
[ -z "$dry" ] || { say "nothing was done"; exit 0; }
say "done: $arch device, root $root"
