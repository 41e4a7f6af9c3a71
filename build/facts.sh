#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build/facts.sh VERSION FILE: writes what `mesh version` says of this build, touching FILE only on a change.
set -euo pipefail
revision=$(git -C "$(dirname "$0")" rev-parse --short=10 HEAD 2>/dev/null || echo unknown)
facts="version=$1
revision=$revision"
if [[ ! -e $2 || $(<"$2") != "$facts" ]]; then
  mkdir -p "$(dirname "$2")"
  echo "$facts" >"$2"
fi
