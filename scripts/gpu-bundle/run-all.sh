#!/bin/sh
# Tests and measures a device of this machine and writes a report.
set -eu
bundle=$(cd "$(dirname "$0")" && pwd)

usage() {
    cat <<END
Usage: ./run-all.sh OUT [--device NAME] [--minutes N] [--only PART,...]

Writes OUT/report.md, its records OUT/report.jsonl and a log of each part:
  devices   what devices there are
  tests     all tests that need the device
  kernels   time and GFLOP/s of single kernels, in each precision that the device has
  steps     seconds, kernels and device memory of training steps of tiny, small and paper at batch 36
  pytorch   the same layers and steps in PyTorch, where python3 has it with CUDA
--device    cuda:N or opencl:N [default: cuda:0 where there is one, else opencl:0]
--minutes   time for everything [default: 10]; what a part does not need goes to those after it
--only      some of the parts
Exit code: 0 if nothing failed, 1 if something did, which the report names, 2 if nothing could be run.
END
}

case ${1:-} in
    -h | --help) usage && exit 0 ;;
    '' | -*) usage >&2 && exit 2 ;;
esac
exec "$bundle/gqn-benchmarks" report "$@" --peer "$bundle/pytorch_gqn.py"
