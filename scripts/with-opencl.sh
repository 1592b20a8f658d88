#!/usr/bin/env bash
# Runs a command where an OpenCL device exists: on this machine where a driver is installed, else inside the small
# root file system that install-opencl.sh makes, which sees the same files under the same paths.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=${GQN_OPENCL_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/gqn-native/opencl}

usage() {
    cat <<END
Usage: scripts/with-opencl.sh COMMAND [ARGUMENT...]
       scripts/with-opencl.sh --where

Runs COMMAND where an OpenCL device exists, with this environment, in this folder, and with its exit code.
--where prints "machine" or the folder of the root file system that would be used; its exit code is 1 if there is
neither. GQN_OPENCL_ROOT names another such folder than
$root.
The command sees /proc, /sys, /dev, /tmp, \$HOME, the checkout, the current folder and .NET; nothing stays mounted.
Exit code 125: no OpenCL device could be offered.
END
}

fail() {
    echo "with-opencl.sh: $1" >&2
    exit 125
}

# A driver counts if the loader is there and it is not a PoCL older than 5, which lacks the generic address space.
machine_has_opencl() {
    { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -q 'libOpenCL\.so\.1' || return 1
    local file version
    for file in "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}"/*.icd; do
        [ -e "$file" ] || continue
        grep -qi pocl "$file" || return 0
        version=$(dpkg-query -W -f '${Version}' pocl-opencl-icd 2>/dev/null) || return 0
        ! dpkg --compare-versions "$version" lt 5 || continue
        return 0
    done
    return 1
}

where() {
    if machine_has_opencl; then
        echo machine
    elif [ -e "$root/.ready" ]; then
        echo "$root"
    else
        return 1
    fi
}

case ${1:-} in
    -h | --help) usage && exit 0 ;;
    --where) where && exit 0 || exit 1 ;;
    '' | -*) usage >&2 && exit 125 ;;
esac

place=$(where) || fail "there is no OpenCL device on this machine; run scripts/install-opencl.sh, as root, to get one."
[ "$place" != machine ] || exec "$@"

# An ordinary user may mount and change the root only within a user namespace of one's own.
namespaces=(--mount)
[ "$(id -u)" -eq 0 ] || namespaces+=(--user --map-root-user)
unshare "${namespaces[@]}" true 2>/dev/null ||
    fail "a private mount namespace is refused to this user; run the command as root."

dotnet=$(command -v dotnet || true)
[ -z "$dotnet" ] || dotnet=$(dirname "$(readlink -f "$dotnet")")
folders=("$HOME" /tmp "$(dirname "$here")" "$PWD" ${dotnet:+"$dotnet"} ${NUGET_PACKAGES:+"$NUGET_PACKAGES"})

exec unshare "${namespaces[@]}" bash -c '
    set -euo pipefail
    root=$1 count=$2
    shift 2
    for folder in "${@:1:count}" /proc /sys /dev; do
        [ -d "$folder" ] && [ "$folder" != / ] || continue
        mkdir -p "$root$folder"
        mount --rbind "$folder" "$root$folder"
    done
    for file in /etc/resolv.conf /etc/hosts; do
        [ -e "$file" ] || continue
        [ -e "$root$file" ] || touch "$root$file"
        mount --bind "$(readlink -f "$file")" "$root$file"
    done
    shift "$count"
    exec chroot "$root" "$@"
' bash "$root" "${#folders[@]}" "${folders[@]}" \
    /usr/bin/env ${dotnet:+"DOTNET_ROOT=$dotnet"} "PATH=${dotnet:+$dotnet:}$PATH" \
    /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$PWD" "$@"
