# SPDX-License-Identifier: Apache-2.0
# Sourced by build/images.sh: what each image holds and how it is started.

COMPONENTS=(gateway control-plane injector-webhook sidecar)

# Everything lies here in the image; nothing is written there.
HOME_IN_IMAGE=/opt/selvage

# The sidecar's user, whose connections a pod's rules leave alone, and everybody else's.
SIDECAR_UID=2102
COMPONENT_UID=65532

# A component's JVM has its container to itself. Half for the heap leaves room for buffers, code and threads.
COMPONENT_JVM_FLAGS=(
  "${JVM_FLAGS[@]}"
  -XX:MaxRAMPercentage=50
  -XX:-UsePerfData
  -XX:+ExitOnOutOfMemoryError
  -Djava.awt.headless=true
  -Dvertx.disableTCCL=true
)

# describe COMPONENT: one sentence for the image's label.
describe() {
  case $1 in
  gateway) echo "The L7 gateway at the edge of a cluster" ;;
  control-plane) echo "Identity, discovery, policy and observation for the proxies of the mesh" ;;
  injector-webhook) echo "The admission webhook that gives pods their sidecar" ;;
  sidecar) echo "The proxy beside a pod, and the step that redirects connections to it" ;;
  esac
}

# subcommand COMPONENT: the component's `mesh` command.
subcommand() {
  case $1 in
  injector-webhook) echo injector ;;
  *) echo "$1" ;;
  esac
}

# uid COMPONENT: the user that an image runs as, unless a pod says otherwise.
uid() {
  case $1 in
  sidecar) echo "$SIDECAR_UID" ;;
  *) echo "$COMPONENT_UID" ;;
  esac
}

# What a dependency brings along and no component uses.
unused_in_images() {
  case ${1##*/} in
  kubernetes-model-flowcontrol-* | kubernetes-model-gatewayapi-* | kubernetes-model-metrics-* | kubernetes-model-node-* | kubernetes-model-policy-*) ;;
  kubernetes-model-resource-* | kubernetes-model-scheduling-* | kubernetes-model-storageclass-*) ;;
  # Metrics are shown as text; this is the form in protocol buffers.
  prometheus-metrics-exposition-formats-*) ;;
  netty-codec-native-quic-* | netty-codec-socks-* | jspecify-*) ;;
  # Native libraries of another machine.
  *-linux-x86_64.jar) [[ $(uname -m) != x86_64 ]] ;;
  *-linux-aarch_64.jar) [[ $(uname -m) != aarch64 ]] ;;
  *) return 1 ;;
  esac
}

# component_jars COMPONENT: the jars of a component, one a line.
component_jars() {
  local jar jars
  if [[ $1 == sidecar ]]; then
    printf '%s\n' sidecar/target/dist/lib/*.jar sidecar/target/dist/native/lib/*.jar
    return
  fi
  # Its module, what that needs at run time, and the command in front of it.
  IFS=: read -ra jars <<<"$(<"$1/target/runtime-classpath")"
  jars+=("$1"/target/selvage-"$1"-*.jar cli/target/selvage-cli-*.jar)
  for jar in cli/target/dist/lib/{logback-classic,logback-core,picocli,jul-to-slf4j}-*.jar; do
    jars+=("$jar")
  done
  for jar in "${jars[@]}"; do
    if ! unused_in_images "$jar"; then
      echo "$jar"
    fi
  done
}

# make_component COMPONENT ROOT: puts jars, native libraries and the command line into an image's root.
make_component() {
  local component=$1 root=$2 home=$2$HOME_IN_IMAGE jar jars library main flags
  mkdir -p "$home/lib" "$home/native"
  mapfile -t jars < <(component_jars "$component")
  printf '%s\n' "${jars[@]}" >"${root%/root}/jars"
  for jar in "${jars[@]}"; do
    case $jar in
    *-linux-x86_64.jar | *-linux-aarch_64.jar)
      # Loaded from the image itself: copies in /tmp would be private to each pod, and cost time at each start.
      unzip -q -o -j "$jar" 'META-INF/native/*.so' -d "$home/native"
      ;;
    *) cp "$jar" "$home/lib/" ;;
    esac
  done
  "$JAVA25/bin/java" build/ArchivableJars.java "$home/lib"
  if [[ $component == sidecar ]]; then
    add_iptables "$root"
    main=io.selvage.sidecar.PodMain
    flags=("${SIDECAR_JVM_FLAGS[@]}")
  else
    main=io.selvage.cli.ComponentMain
    flags=("${COMPONENT_JVM_FLAGS[@]}")
  fi
  find "$home/native" -name '*.so' | while read -r library; do
    chmod 755 "$library"
    add_libraries "$root" "$library"
  done
  {
    printf '%s\n' "${flags[@]}" "-Djava.library.path=$HOME_IN_IMAGE/native"
    if [[ $aot == build ]]; then
      # A cache that does not fit the machine costs time at the start and nothing else; the output is the component's.
      printf '%s\n' "-XX:AOTCache=$HOME_IN_IMAGE/selvage.aot" "-Xlog:aot*=off" "-Xlog:cds*=off"
    fi
    echo -cp
    class_path_in_image "$home"
    echo "$main"
  } >"$home/command"
}

# class_path_in_image HOME: the class path as it is in the container.
class_path_in_image() {
  local path
  path=$(dist_classpath "$1")
  echo "${path//"$1"/"$HOME_IN_IMAGE"}"
}

# environment COMPONENT: NAME=VALUE, one a line.
environment() {
  echo PATH=/usr/sbin:/usr/bin:/sbin:/bin
  echo LANG=C.UTF-8
  if [[ $1 == sidecar ]]; then
    printf '%s\n' "${SIDECAR_ENVIRONMENT[@]}"
  fi
}
