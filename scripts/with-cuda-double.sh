#!/usr/bin/env bash
# Runs a command where a double of NVIDIA's driver stands in for the driver.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../Tests/Emulator/Driver/libcuda.c
folder=${GQN_CUDA_DOUBLE_FOLDER:-${XDG_CACHE_HOME:-$HOME/.cache}/gqn-native/cuda-double}
opencl=${GQN_OPENCL_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/gqn-native/opencl}

library=$folder/$(cksum "$source" | cut -d ' ' -f 1)/libcuda.so.1

usage() {
    cat <<END
Usage: scripts/with-cuda-double.sh COMMAND [ARGUMENT...]
       scripts/with-cuda-double.sh --where

Runs COMMAND with its exit code on a double of NVIDIA's driver, which offers one device. In the test program its kernels
run, by interpreting PTX; other programs can list it and no more.
--where builds the double and prints its path; its exit code is 1 where no C compiler is found.
GQN_CUDA_DOUBLE_FOLDER names another folder for it than
$folder,
GQN_CUDA_DOUBLE_MEMORY the device's memory in MiB (512), GQN_CUDA_DOUBLE_VERSION the driver's version (12040).
GQN_CUDA_DOUBLE_NULL=1 lets other programs run on a driver that does nothing, which leaves the time of the host alone.
Work is done as late as the driver may; GQN_CUDA_DOUBLE_ORDER=random lets streams run ahead now and then.
Exit code 125: there is no C compiler.
END
}

# A compiler of the machine, else the one that came with an OpenCL driver into its root file system.
build() {
    local new name
    [ ! -e "$library" ] || return 0
    mkdir -p "$(dirname "$library")"
    new=$(mktemp "$folder/libcuda.XXXXXX")
    local options=(-std=c11 -Wall -Wextra -O1 -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$new")
    for name in "${CC:-}" cc gcc clang clang-{21,20,19,18,17,16,15,14}; do
        [ -n "$name" ] && command -v "$name" >/dev/null || continue
        if "$name" "${options[@]}" "$source" 2>"$new.log"; then
            chmod 755 "$new" && mv "$new" "$library"
            rm -f "$new.log"
            return 0
        fi
        cat "$new.log" >&2
    done
    for name in "$opencl"/usr/bin/clang-[0-9]*; do
        [ -x "$name" ] && GQN_OPENCL_ROOT=$opencl "$here/with-opencl.sh" "/usr/bin/${name##*/}" \
            "${options[@]}" "$(readlink -f "$source")" 2>>"$new.log" || continue
        chmod 755 "$new" && mv "$new" "$library"
        rm -f "$new.log"
        return 0
    done
    rm -f "$new" "$new.log"
    return 1
}

case ${1:-} in
    -h | --help) usage && exit 0 ;;
    --where) build && echo "$library" && exit 0 || exit 1 ;;
    '' | -*) usage >&2 && exit 125 ;;
esac

if ! build; then
    echo "with-cuda-double.sh: there is no C compiler to build the double with; install gcc or clang." >&2
    exit 125
fi
export GQN_CUDA_DOUBLE=$library
export LD_LIBRARY_PATH=$(dirname "$library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
exec "$@"
