#!/usr/bin/env bash
# Makes one folder with everything that is needed to test and measure a GPU on a machine that has only its driver:
# the program, the tests, the benchmarks and the runtime that they need.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
# With the tracked files, which hold the shipped weights, a copy of the project and its bundle stays below 62 MiB.
limit_megabytes=48

usage() {
    cat <<END
Usage: scripts/gpu-bundle.sh [OUT_DIR]

Builds the project and makes OUT_DIR (default: artifacts/gpu-bundle), a folder of at most $limit_megabytes MB:
  run-all.sh OUT        tests and measures a device of the machine; --help shows the options
  gqn, gqn-tests, gqn-benchmarks
                        the programs, each with its usual arguments
  pytorch_gqn.py        the peer in PyTorch, used where PyTorch is installed
  scripts               for a machine without a GPU: an OpenCL device that runs on the processor
The folder can be copied to any x64 Linux machine with glibc 2.27, libstdc++, a shell, tar and gzip; nothing is
installed there and the network is not used. The programs are unpacked at the first start, which takes another 120 MB.
An older bundle in OUT_DIR is replaced; any other folder that is not empty is refused.
END
}

fail() {
    echo "gpu-bundle.sh: $1" >&2
    exit 2
}

case ${1:-} in
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }
out=${1:-$repository/artifacts/gpu-bundle}

[ "$(uname -sm)" = "Linux x86_64" ] || fail "the bundle takes its runtime from this machine, which must be x64 Linux."
dotnet=$(command -v dotnet) || fail "there is no 'dotnet'; install the .NET 10 SDK."
dotnet_root=$(dirname "$(readlink -f "$dotnet")")
if [ -e "$out" ] && [ -n "$(ls -A "$out" 2>/dev/null)" ] && [ ! -e "$out/programs.tar.gz" ]; then
    fail "'$out' holds something else than a bundle; name an empty folder or one that does not exist."
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
programs=$stage/content/programs
mkdir -p "$programs"

# The tests refer to both other programs, so that one folder holds all three, with one copy of what they share. Built
# apart from the checkout's own build: nothing stale comes along, and no path of this machine stands in the binaries.
# A library of a package is published by two projects, which the SDK takes for an error.
dotnet publish "$repository/Tests" -c Release -o "$programs" --artifacts-path "$stage/artifacts" \
    -p:PathMap="$repository=/gqn-native" -p:DebugType=none -p:SatelliteResourceLanguages=en \
    -p:ErrorOnDuplicatePublishOutputFiles=false ||
    fail "the build failed; see its messages above."
# Native libraries for other systems, symbols and documentation do not run.
find "$programs" -mindepth 1 -maxdepth 1 -type d ! -name runtimes -exec rm -rf {} +
find "$programs/runtimes" -mindepth 1 -maxdepth 1 ! -name linux-x64 ! -name linux ! -name unix -exec rm -rf {} + \
    2>/dev/null || true
find "$programs" \( -name '*.pdb' -o -name '*.xml' \) -delete
# Programs are started by the runtime; these starters would look for an installed one.
rm -f "$programs"/Gqn.Native "$programs"/Gqn.Native.Tests "$programs"/Gqn.Native.Benchmarks

# The runtime that the programs were built against, or a newer one of the same release.
version=$(find "$dotnet_root/shared/Microsoft.NETCore.App" -mindepth 1 -maxdepth 1 -name '10.*' -printf '%f\n' | sort -V | tail -n 1)
[ -n "$version" ] || fail "there is no runtime of .NET 10 in '$dotnet_root'."
framework=shared/Microsoft.NETCore.App/$version
host=$(find "$dotnet_root/host/fxr" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1)
grep -q '"name": "\.NETCoreApp,Version=v10\.0/linux-x64"' "$dotnet_root/$framework/Microsoft.NETCore.App.deps.json" ||
    fail "the runtime in '$dotnet_root' was built for this distribution alone; install Microsoft's build of the SDK."
mkdir -p "$stage/content/runtime/shared/Microsoft.NETCore.App" "$stage/content/runtime/host/fxr"
cp "$dotnet_root/dotnet" "$stage/content/runtime/"
cp -r "$dotnet_root/host/fxr/$host" "$stage/content/runtime/host/fxr/"
cp -r "$dotnet_root/$framework" "$stage/content/runtime/shared/Microsoft.NETCore.App/"
for notice in LICENSE.txt ThirdPartyNotices.txt; do
    [ ! -e "$dotnet_root/$notice" ] || cp "$dotnet_root/$notice" "$stage/content/runtime/"
done
# What debuggers need.
rm -f "$stage/content/runtime/$framework"/{libmscordaccore.so,libmscordbi.so,createdump,libcoreclrtraceptprovider.so}

# What does not start here will not start there.
export DOTNET_NOLOGO=1
for program in Gqn.Native Gqn.Native.Tests Gqn.Native.Benchmarks; do
    DOTNET_ROOT=$stage/content/runtime "$stage/content/runtime/dotnet" "$programs/$program.dll" --help >/dev/null ||
        fail "$program does not start with the runtime of the bundle."
done
for path in "$repository/" "$stage/"; do
    ! grep -rqF "$path" "$stage/content" || fail "$path stands in $(grep -rlF "$path" "$stage/content" | head -n 1)."
done

# Names that --sort and fixed owners keep alike from machine to machine.
tar --sort=name --owner=0 --group=0 --numeric-owner -C "$stage/content" -cf - programs runtime |
    gzip -9n >"$stage/programs.tar.gz"
mkdir -p "$out"
rm -rf "$out"/{content,programs.tar.gz,programs.cksum,run-all.sh,gqn,gqn-tests,gqn-benchmarks,pytorch_gqn.py,scripts}
mv "$stage/programs.tar.gz" "$out/"
cksum <"$out/programs.tar.gz" >"$out/programs.cksum"
mkdir "$out/scripts"
cp "$here"/{install-opencl.sh,with-opencl.sh} "$out/scripts/"
cp "$repository/Benchmarks/Peers/pytorch_gqn.py" "$out/"
cp "$here/gpu-bundle/run-all.sh" "$out/run-all.sh"
for name in gqn gqn-tests gqn-benchmarks; do
    cp "$here/gpu-bundle/gqn.sh" "$out/$name"
done
chmod +x "$out"/{run-all.sh,gqn,gqn-tests,gqn-benchmarks}

megabytes=$(($(du -sb "$out" | cut -f1) / 1000000 + 1))
[ "$megabytes" -le "$limit_megabytes" ] || fail "the bundle has $megabytes MB, more than $limit_megabytes."
unpacked=$(($(du -sb "$stage/content" | cut -f1) / 1000000 + 1))
echo "$out: $megabytes MB ($unpacked MB more once unpacked), .NET $version; on the machine with the GPU: ./run-all.sh OUT"
