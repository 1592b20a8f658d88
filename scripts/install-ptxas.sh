#!/usr/bin/env bash
# Fetches NVIDIA's assembler and disassembler, with which the tests look at the machine code of CUDA kernels.
set -euo pipefail
root=${1:-${GQN_PTXAS:-${XDG_CACHE_HOME:-$HOME/.cache}/gqn-native/ptxas}}

usage() {
    cat <<END
Usage: scripts/install-ptxas.sh [FOLDER]

Puts ptxas and nvdisasm into FOLDER; without it, where GQN_PTXAS says, else where the tests look by themselves:
$root
They come out of Debian's package nvidia-cuda-toolkit (non-free, some 90 MB), of which nothing is installed: no root
is needed and the machine stays as it is. A tool of developers: no program of this project needs or contains it.
With a CUDA toolkit at hand, set GQN_PTXAS to its bin folder instead.
END
}

fail() {
    echo "install-ptxas.sh: $1" >&2
    exit 1
}

# The mirror that this machine takes its own packages from.
mirror() {
    apt-get indextargets --format '$(COMPONENT) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$1" '$1 == "main" && $2 == release { print $3; exit }'
}

case "${1:-}" in
-h | --help)
    usage
    exit 0
    ;;
-*)
    usage >&2
    exit 2
    ;;
esac

if [ -x "$root/ptxas" ] && [ -x "$root/nvdisasm" ]; then
    echo "ptxas is in $root already."
    exit 0
fi

[ -r /etc/os-release ] && . /etc/os-release
[ "${ID:-}" = debian ] || fail "only Debian's package is known; set GQN_PTXAS to the bin folder of a CUDA toolkit."
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "there is no $keyring; install the package debian-archive-keyring."
from=$(mirror "$VERSION_CODENAME")
[ -n "$from" ] || fail "apt's sources name no mirror of $VERSION_CODENAME main; add one, then run apt-get update."

# apt with lists, cache and sources of its own, so that it neither needs root nor changes anything.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts"
echo "deb [arch=amd64 signed-by=$keyring] $from trixie non-free" >"$work/sources.list"
own=(-oDir::Etc::sourcelist="$work/sources.list" -oDir::Etc::sourceparts="$work/parts"
    -oDir::State::lists="$work/lists" -oDir::Cache="$work/cache" -oAPT::Sandbox::User= -oAcquire::Languages=none)
cd "$work"
apt-get -q "${own[@]}" update || fail "the package lists could not be fetched; see apt-get's messages above."
apt-get -q "${own[@]}" download nvidia-cuda-toolkit ||
    fail "the package nvidia-cuda-toolkit could not be fetched; see apt-get's messages above."
dpkg -x nvidia-cuda-toolkit_*.deb unpacked

# Moved when whole, so that an interrupted run leaves nothing half done.
mkdir -p "$root"
for tool in nvdisasm ptxas; do
    cp "unpacked/usr/bin/$tool" "$root/.$tool.partial"
    mv "$root/.$tool.partial" "$root/$tool"
done
"$root/ptxas" --version | tail -n 1
echo "ptxas and nvdisasm are in $root; the tests find them there${1:+ with GQN_PTXAS=$root}."
