# SPDX-License-Identifier: Apache-2.0
# Sourced by ./mesh and by build/dist.sh: an ahead-of-time cache is only valid for the flags and the class path
# it was made with, so both take them from here.
JVM_FLAGS=(
  --enable-native-access=ALL-UNNAMED
  --sun-misc-unsafe-memory-access=allow
  -XX:+UseSerialGC
)

# A sidecar is one of thousands: what it keeps counts more than its peak. The heap's size hardly shows below 32 MB;
# the compiler's native memory does, and trimming gives most of it back. One malloc arena, because each of the
# JVM's threads would else keep its own.
SIDECAR_JVM_FLAGS=(
  "${JVM_FLAGS[@]}"
  -Xms8m
  -Xmx32m
  # A collection for a thousand requests, of a millisecond, is worth the 4 MB that a larger young generation would keep.
  -XX:MaxNewSize=3m
  -XX:MinHeapFreeRatio=15
  -XX:MaxHeapFreeRatio=30
  -Xss384k
  -XX:ReservedCodeCacheSize=24m
  -XX:MaxDirectMemorySize=64m
  -XX:TrimNativeHeapInterval=3000
  -XX:-UsePerfData
  -XX:+ExitOnOutOfMemoryError
  # The ahead-of-time cache stays where it was made for: moved elsewhere, each of its pages would be a private copy.
  -XX:+UnlockDiagnosticVMOptions
  -XX:ArchiveRelocationMode=0
  # Nor does it hold what the training run was busy with: 3 MB in each process, to warm up somewhat sooner.
  -XX:-AOTRecordTraining
  -Djava.awt.headless=true
  -Dio.netty.leakDetection.level=disabled
  -Dio.netty.jfr.enabled=false
  -Dio.netty.allocator.numDirectArenas=1
  -Dio.netty.allocator.numHeapArenas=0
  -Dslf4j.internal.verbosity=WARN
  -Dslf4j.provider=io.selvage.sidecar.logging.StderrLogProvider
)
SIDECAR_ENVIRONMENT=(MALLOC_ARENA_MAX=1)

# `mesh proxy-init` runs for a moment: no compiler worth the name, no threads to speak of.
INIT_JVM_FLAGS=(
  -XX:+UseSerialGC
  -XX:TieredStopAtLevel=1
  -XX:-UsePerfData
  -Xmx32m
)

# dist_classpath DIR: every jar of DIR/lib in one fixed order.
dist_classpath() {
  local LC_ALL=C jars
  jars=("$1"/lib/*.jar)
  local IFS=:
  echo "${jars[*]}"
}
