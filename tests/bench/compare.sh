#!/bin/sh
# Layerwise beside PyTorch on this machine, in one run: ./tests/bench/compare.sh [--short]
# Installs python3-torch, OpenBLAS for it (PyTorch would multiply matrices with the slow reference BLAS
# otherwise) and what the build needs, where missing. No part of the tests.
set -u

root=$(cd -- "$(dirname -- "$0")/../.." && pwd -P) || exit 1
build=$root/build-tests

# shellcheck source=app/packages.sh
. "$root/app/packages.sh"

# The lists are words, one package each.
# shellcheck disable=SC2086
lw_require_packages $LW_BUILD_PACKAGES python3 python3-numpy python3-torch libopenblas0-openmp

if ! lw_build "$root" "$build" "--buildtype=debugoptimized -Dwerror=false" \
  tests/bench/layerwise-bench; then
  printf 'compare.sh: the build failed\n' >&2
  exit 1
fi

# What this machine overrides for some library may slow it here: nothing but a number of threads is
# set, and that by compare.py.
for variable in $(env | sed -nE 's/^((OPENBLAS|GOTO|OMP|GOMP|KMP|MKL|DNNL|ONEDNN|LW)_[A-Z0-9_]+)=.*/\1/p'); do
  unset "$variable"
done

# Debian's own: another python3 in the path may know nothing of python3-torch.
exec /usr/bin/python3 "$root/tests/bench/compare.py" \
  --bench "$build/tests/bench/layerwise-bench" --data "$root/resources/data/mnist.npz" "$@"
