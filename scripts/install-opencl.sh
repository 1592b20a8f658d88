#!/usr/bin/env bash
# Gives a machine without a GPU a real OpenCL device: PoCL, which runs kernels on the processor.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export GQN_OPENCL_ROOT=${GQN_OPENCL_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/gqn-native/opencl}
root=$GQN_OPENCL_ROOT

usage() {
    cat <<END
Usage: scripts/install-opencl.sh

Installs PoCL, an OpenCL device that runs on the processor; does nothing where there is an OpenCL driver already.
Debian 13, Ubuntu 24.04 and newer: from the distribution's packages.
Debian 12: its own PoCL is too old, so the newer one goes into a small root file system (some 700 MB) in
$root;
GQN_OPENCL_ROOT names another folder. The machine itself stays as it is, but for the package debootstrap.
Run what shall see the device by scripts/with-opencl.sh, which works alike in both cases. Needs root.
END
}

fail() {
    echo "install-opencl.sh: $1" >&2
    exit 1
}

need_root() {
    [ "$(id -u)" -eq 0 ] || fail "$1 needs root; run the script as root, for instance by sudo."
}

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "$@" ||
        { apt-get update && apt-get install -y --no-install-recommends "$@"; } ||
        fail "apt-get could not install $*; see its messages above."
}

install_packages() {
    need_root "Installing packages"
    apt_install pocl-opencl-icd ocl-icd-libopencl1 clinfo
}

# The mirror that this machine takes its own packages from.
mirror() {
    apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$1" '$1 == release && $2 == "main" { print $3; exit }'
}

# Made beside its place and moved there when whole, so that an interrupted run leaves nothing half done.
make_root() {
    need_root "Making a root file system"
    command -v debootstrap >/dev/null || apt_install debootstrap
    local from proxy partial=$root.partial
    from=$(mirror "$VERSION_CODENAME")
    [ -n "$from" ] || fail "apt's sources name no mirror of $VERSION_CODENAME main; add one, then run apt-get update."
    proxy=$(apt-config shell proxy Acquire::http::Proxy)
    eval "$proxy"
    [ -z "${proxy:-}" ] || export http_proxy=${http_proxy:-$proxy}
    mkdir -p "$(dirname "$root")"
    exec 9>"$root.lock"
    flock 9
    [ ! -e "$root/.ready" ] || return 0
    rm -rf --one-file-system "$partial" "$root"
    debootstrap --variant=minbase \
        --include=pocl-opencl-icd,ocl-icd-libopencl1,clinfo,ca-certificates,libicu76 trixie "$partial" "$from" ||
        fail "debootstrap failed; its log is $partial/debootstrap/debootstrap.log."
    rm -rf "$partial"/var/cache/apt/archives/*.deb
    touch "$partial/.ready"
    mv -T "$partial" "$root"
}

case ${1:-} in
    '') ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
esac

if ! "$here/with-opencl.sh" --where >/dev/null; then
    [ -r /etc/os-release ] || fail "/etc/os-release is missing; install PoCL 5 or newer by hand."
    . /etc/os-release
    major=${VERSION_ID:-0}
    major=${major%%.*}
    case ${ID:-} in
        debian) [ "$major" -ge 12 ] || [ "$major" -eq 0 ] || fail "Debian $VERSION_ID is too old; 12 is the oldest." ;;
        ubuntu) [ "$major" -ge 24 ] || fail "Ubuntu $VERSION_ID is too old; 24.04 is the oldest." ;;
        *) fail "${PRETTY_NAME:-This system} is neither Debian nor Ubuntu; install PoCL 5 or newer by hand." ;;
    esac
    if [ "$ID $major" = "debian 12" ]; then
        make_root
    else
        install_packages
    fi
fi

devices=$("$here/with-opencl.sh" clinfo -l 2>/dev/null | sed -n 's/.*Device #[0-9]*: //p' || true)
[ -n "$devices" ] || command -v clinfo >/dev/null || devices="a driver is installed (clinfo would name its devices)"
[ -n "$devices" ] || fail "no OpenCL device answers; if there is $root, remove it and run this script again."
echo "OpenCL device: $devices"
