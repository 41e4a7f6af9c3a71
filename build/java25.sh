# SPDX-License-Identifier: Apache-2.0
# Sourced: sets JAVA25 to the home of a JDK 25, or says in one sentence that there is none and exits.
# It reads each candidate's `release` file, so no JVM is started to find out. JAVA25_HOME is a name that Maven's
# toolchain discovery knows too; SELVAGE_JAVA_HOME wins over it here and is for running only.
for JAVA25 in "${SELVAGE_JAVA_HOME:-}" "${JAVA25_HOME:-}" "${JAVA_HOME:-}" \
  /usr/lib/jvm/*25* /opt/java/*25* "$HOME"/.sdkman/candidates/java/25* "$HOME"/.jdks/*25* ""; do
  if [[ -z $JAVA25 || ! -x $JAVA25/bin/java || ! -r $JAVA25/release ]]; then
    continue
  fi
  if [[ $(<"$JAVA25/release") == *'JAVA_VERSION="25'* ]]; then
    break
  fi
done
if [[ -z $JAVA25 ]]; then
  echo "selvage: needs a JDK 25 and found none: install one (for example temurin-25-jdk) or set JAVA25_HOME to it." >&2
  exit 1
fi
