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
stamp=$(cat "$bundle/programs.cksum")

# What is there may be of an older bundle that this one was copied over.
is_ready() {
    [ -e "$1/.ready" ] && [ "$(cat "$1/.ready")" = "$stamp" ]
}

# Beside this script, or where that cannot be written, in a folder for temporary files that later starts find again.
content=$bundle/content
if ! is_ready "$content" && ! { mkdir -p "$content" && [ -w "$content" ]; } 2>/dev/null; then
    content=${TMPDIR:-/tmp}/gqn-native-${stamp%% *}-$(id -u)
    mkdir -p "$content" || fail "neither '$bundle' nor '$content' can be written; set TMPDIR to a folder that can."
fi
if ! is_ready "$content"; then
    command -v gzip >/dev/null && command -v tar >/dev/null || fail "tar and gzip are needed to unpack; install them."
    # Unpacked aside and moved, so that an interrupted start leaves nothing half done.
    partial=$content/partial.$$
    trap 'rm -rf "$partial"' EXIT
    mkdir "$partial"
    gzip -dc "$bundle/programs.tar.gz" | tar -xf - -C "$partial" && [ -e "$partial/runtime/dotnet" ] ||
        fail "unpacking to '$content' failed; 150 MB are needed there."
    rm -rf "$content/.ready" "$content/programs" "$content/runtime"
    mv "$partial/programs" "$partial/runtime" "$content/"
    rmdir "$partial"
    echo "$stamp" >"$content/.ready"
fi

export DOTNET_ROOT="$content/runtime" DOTNET_NOLOGO=1 DOTNET_EnableDiagnostics=0 GQN_BUNDLE="$bundle"
exec "$content/runtime/dotnet" "$content/programs/$program.dll" "$@"
