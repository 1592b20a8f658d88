#!/bin/sh
# Runs the program of this script's name with the runtime of the bundle, which is unpacked at the first start.
set -eu
bundle=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "$(basename "$0"): $1" >&2
    exit 2
}

case $(basename "$0") in
    gqn) program=Gqn.Native ;;
    gqn-tests) program=Gqn.Native.Tests ;;
    *) program=Gqn.Native.Benchmarks ;;
esac

# Beside this script, or where that cannot be written, in a folder for temporary files that later starts find again.
content=$bundle/content
if [ ! -e "$content/.ready" ] && ! mkdir -p "$content" 2>/dev/null; then
    content=${TMPDIR:-/tmp}/gqn-native-$(cksum <"$bundle/programs.tar.gz" | tr -c '0-9\n' -)$(id -u)
    mkdir -p "$content" || fail "neither '$bundle' nor '$content' can be written; set TMPDIR to a folder that can."
fi
if [ ! -e "$content/.ready" ]; then
    command -v gzip >/dev/null && command -v tar >/dev/null || fail "tar and gzip are needed to unpack; install them."
    # Unpacked aside and moved, so that an interrupted start leaves nothing half done.
    partial=$content/partial.$$
    mkdir "$partial"
    gzip -dc "$bundle/programs.tar.gz" | tar -xf - -C "$partial" ||
        fail "unpacking to '$content' failed; 150 MB are needed there."
    rm -rf "$content/programs" "$content/runtime"
    mv "$partial/programs" "$partial/runtime" "$content/"
    rmdir "$partial"
    touch "$content/.ready"
fi

export DOTNET_ROOT="$content/runtime" DOTNET_NOLOGO=1 DOTNET_EnableDiagnostics=0
exec "$content/runtime/dotnet" "$content/programs/$program.dll" "$@"
