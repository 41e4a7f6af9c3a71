# SPDX-License-Identifier: Apache-2.0
# Sourced by e2e/run: how a step says what it expects.

PROMISES=0
BACKGROUND=()

say() {
  echo "$*" | tee -a "$LOG"
}

# begin TITLE: of a step.
begin() {
  TITLE=$1
  say ""
  say "== $1"
}

# wanted FILE [WORD...]: whether a step was asked for.
wanted() {
  local file=$1 word
  shift
  if (($# == 0)); then
    return 0
  fi
  for word in "$@"; do
    if [[ ${file##*/} == *"$word"* ]]; then
      return 0
    fi
  done
  return 1
}

# promise TEXT COMMAND...: the command succeeds, each step of a function too, or everything ends here.
promise() {
  local text=$1 code
  shift
  # Inside `if`, bash would let failing steps pass.
  set +e
  (
    trap - EXIT
    set -e
    "$@"
  ) >"$OUT/last" 2>&1
  code=$?
  set -e
  if ((code == 0)); then
    PROMISES=$((PROMISES + 1))
    say "√ $text"
    sed 's/^/    /' "$OUT/last" >>"$LOG"
  else
    say "× $text"
    say "    $*"
    sed 's/^/    /' "$OUT/last" | tail -40 | tee -a "$LOG"
    exit 1
  fi
}

# within SECONDS COMMAND...: the command succeeds within a time; its last output is shown.
within() {
  local end=$((SECONDS + $1)) output code
  shift
  while :; do
    set +e
    output=$(
      set -e
      "$@" 2>&1
    )
    code=$?
    set -e
    if ((code == 0 || SECONDS >= end)); then
      printf '%s\n' "$output"
      return "$code"
    fi
    sleep 0.5
  done
}

# prints PATTERN COMMAND...: what the command prints contains the pattern (extended regular expression).
prints() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1) || {
    printf '%s\n' "$output"
    return 1
  }
  printf '%s\n' "$output"
  grep -qE -- "$pattern" <<<"$output"
}

# never PATTERN COMMAND...: what the command prints does not contain it.
never() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1) || true
  printf '%s\n' "$output"
  ! grep -qE -- "$pattern" <<<"$output"
}

mesh() {
  MESH_NO_BUILD=1 ./mesh "$@"
}

apply() {
  kubectl apply -f "$1"
}

# made COMMAND...: creates something, or finds that it is there, so that a step can be tried again.
made() {
  local output
  output=$("$@" 2>&1) || grep -q 'already exists' <<<"$output" || {
    echo "$output"
    return 1
  }
  echo "$output"
}

rolled_out() {
  kubectl rollout status "$1" --timeout=180s
}

# pod LABEL: the name of one running pod that is not about to go.
pod() {
  kubectl get pods -l "$1" --no-headers | awk '$3 == "Running" && !found { found = 1; print $1 }'
}

# in_pod LABEL CONTAINER COMMAND...: in one pod.
in_pod() {
  local label=$1 container=$2
  shift 2
  kubectl exec "$(pod "$label")" -c "$container" -- "$@"
}

# by_client URL: a page, from the meshed client.
by_client() {
  in_pod app=meshclient busybox timeout 10 wget -q -O - "$1"
}

cluster_ip() {
  kubectl get service "$1" -o jsonpath='{.spec.clusterIP}'
}

# gateway_url [SCHEME]: where the gateway's node port is.
gateway_url() {
  local scheme=${1:-http}
  echo "$scheme://$NODE:$(kubectl get service selvage-gateway -n selvage -o "jsonpath={.spec.ports[?(@.name=='$scheme')].nodePort}")"
}

# load_begin NAME COMMAND...: calls the command again and again in the background, until load_end.
load_begin() {
  local name=$1
  shift
  rm -f "$OUT/load-$name".*
  : >"$OUT/load-$name"
  (
    trap - EXIT
    set +e
    while [[ ! -e $OUT/load-$name.stop ]]; do
      if "$@" >"$OUT/load-$name.last" 2>&1; then
        echo ok
      else
        echo "failed: $(tr '\n' ' ' <"$OUT/load-$name.last" | tail -c 200)"
      fi
    done >>"$OUT/load-$name"
    touch "$OUT/load-$name.done"
  ) &
  BACKGROUND+=($!)
}

# called NAME LEAST: so many calls have ended.
called() {
  (($(wc -l <"$OUT/load-$1") >= $2))
}

# load_end NAME LEAST: ends it after at least so many calls; none failed.
load_end() {
  local name=$1 least=$2 good bad
  within 60 called "$name" "$least"
  touch "$OUT/load-$name.stop"
  within 60 test -e "$OUT/load-$name.done"
  good=$(grep -c '^ok$' "$OUT/load-$name" || true)
  bad=$(grep -c '^failed' "$OUT/load-$name" || true)
  echo "$name: $good answered, $bad failed"
  grep '^failed' "$OUT/load-$name" | head -5 || true
  ((good >= least && bad == 0))
}

# one_request URL: a connection of its own, a page within 10 s.
one_request() {
  curl -sS --fail -o /dev/null -m 10 "$@"
}

# leftovers: everything in the cluster that is ours, or carries our names. It fails where it cannot look at everything.
leftovers() {
  local kinds kind found
  kinds=$(kubectl api-resources --verbs=list -o name) && [[ -n $kinds ]] || return 1
  for kind in $(grep -vE '^(events|componentstatuses)' <<<"$kinds"); do
    found=$(kubectl get "$kind" -A -o name --ignore-not-found) || return 1
    grep -i selvage <<<"$found" | sed "s|^|$kind: |" || true
  done
  found=$(kubectl get crd -o name) || return 1
  grep getambassador <<<"$found" || true
  found=$(kubectl get pods -A -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.spec.initContainers[*].name}{"\n"}{end}') || return 1
  grep selvage- <<<"$found" || true
}

nothing_left() {
  local found
  kubectl get --raw /readyz >/dev/null || return 1
  found=$(leftovers) || return 1
  printf '%s\n' "$found"
  [[ -z $found ]]
}

on_exit() {
  local code=$1 process
  for process in "${BACKGROUND[@]}"; do
    kill "$process" 2>/dev/null || true
  done
  if ((code == 0)); then
    say ""
    say "e2e: $PROMISES promises kept"
  else
    {
      kubectl get pods -A -o wide
      kubectl get events -A --sort-by=.lastTimestamp | tail -60
      for component in control-plane gateway injector; do
        echo "== $component"
        kubectl logs -n selvage -l "selvage.io/control-plane-component=$component" --tail=60 --prefix
      done
    } >"$OUT/state" 2>&1 || true
    say "e2e: failed in \"${TITLE:-the beginning}\" after $PROMISES promises; see $LOG and $OUT/state"
  fi
}
