# SPDX-License-Identifier: Apache-2.0
# Sourced by build/images.sh: what stands below a component, the same in every image.

# What the components use of the JDK. A class of another module that is asked for shows in the tests of the images.
RUNTIME_MODULES=java.base,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,jdk.jfr,jdk.management,jdk.net,jdk.unsupported

# make_base DIR: makes DIR/root, a linked runtime on the libraries it needs, where it is missing or out of date.
make_base() {
  local dir=$1 root=$1/root inputs
  inputs="$(sha256sum "$JAVA25/release" build/image/system.sh) $(ldd --version | sed -n 1p)"
  if [[ -e $dir/inputs && $(<"$dir/inputs") == "$inputs" ]]; then
    return
  fi
  rm -rf "$dir"
  mkdir -p "$root"/{etc,opt/selvage,proc,sys,dev,run,tmp,usr/sbin,var}
  chmod 1777 "$root/tmp"
  echo "selvage: linking a runtime of ${RUNTIME_MODULES//,/ }" >&2
  "$JAVA25/bin/jlink" --add-modules "$RUNTIME_MODULES" --output "$root/opt/selvage/runtime" --vm server \
    --strip-java-debug-attributes --no-header-files --no-man-pages --compress zip-6 >&2
  keep_providers "$root/opt/selvage/runtime/conf/security/java.security"
  rm -f "$root"/opt/selvage/runtime/bin/{keytool,jrunscript,rmiregistry,jfr}
  # A sixth of the JVM's library is names of functions that nothing links to.
  find "$root/opt/selvage/runtime" -name '*.so' -exec strip --strip-unneeded {} +
  mapfile -t needed < <(find "$root/opt/selvage/runtime" -type f \( -name '*.so' -o -name java -o -name jspawnhelper \))
  add_libraries "$root" "${needed[@]}"
  cat >"$root/etc/passwd" <<END
root:x:0:0:root:/:/sbin/nologin
selvage:x:$COMPONENT_UID:$COMPONENT_UID:selvage:/:/sbin/nologin
sidecar:x:$SIDECAR_UID:$SIDECAR_UID:selvage:/:/sbin/nologin
END
  printf '%s\n' root:x:0: "selvage:x:$COMPONENT_UID:" "sidecar:x:$SIDECAR_UID:" >"$root/etc/group"
  echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
  echo "$inputs" >"$dir/inputs"
}

# keep_providers FILE: of the security providers in java.security, those of java.base. The others' modules are not linked, and
# each name that is not found has the JVM look for it on the class path, where it meets Bouncy Castle and starts that.
keep_providers() {
  local name kept=() file=$1
  for name in SUN SunRsaSign SunEC SunJSSE SunJCE; do
    grep -q "^security\.provider\.[0-9]*=$name\$" "$file" || {
      echo "selvage: this JDK has no security provider $name" >&2
      return 1
    }
    kept+=("$name")
  done
  sed -i '/^security\.provider\.[0-9]*=/d' "$file"
  for name in "${!kept[@]}"; do
    echo "security.provider.$((name + 1))=${kept[$name]}" >>"$file"
  done
}

# add_libraries ROOT FILE...: copies the shared libraries that these files are linked to, the loader among them, to the
# paths where they are on this machine.
add_libraries() {
  local root=$1 library
  shift
  ldd "$@" 2>/dev/null | grep -oE '(=> )?/[^ :]+ \(0x' | grep -oE '/[^ ]+' | sort -u | while read -r library; do
    case $library in
    *"$root"/*) ;;
    *)
      if [[ ! -e $root$library ]]; then
        install -D -m 755 "$library" "$root$library"
        add_copyright "$root" "$library"
      fi
      ;;
    esac
  done
}

# add_copyright ROOT FILE: the licence of the Debian package that a file of this machine came from.
add_copyright() {
  local package
  package=$(package_of "$2")
  if [[ -n $package && -e /usr/share/doc/$package/copyright ]]; then
    install -D -m 644 "/usr/share/doc/$package/copyright" "$1/usr/share/doc/$package/copyright"
  fi
}

# package_of FILE: the Debian package of a file, or nothing. Before and after /usr was merged, paths differ.
package_of() {
  local real
  real=$(readlink -f "$1")
  { dpkg-query -S "$1" || dpkg-query -S "$real" || dpkg-query -S "${real#/usr}"; } 2>/dev/null | sed -n '1s/:.*//p'
}

# add_iptables ROOT: both families of iptables, nft and legacy, with their extensions.
add_iptables() {
  local root=$1 program name multi extensions
  for multi in xtables-nft-multi xtables-legacy-multi; do
    program=$(PATH=/usr/sbin:/sbin:$PATH command -v "$multi") || {
      echo "selvage: the sidecar's image needs $multi (package iptables)" >&2
      return 1
    }
    install -D -m 755 "$(readlink -f "$program")" "$root/usr/sbin/$multi"
    add_libraries "$root" "$program"
    add_copyright "$root" "$program"
  done
  for name in iptables ip6tables; do
    for verb in '' -save -restore; do
      ln -s xtables-nft-multi "$root/usr/sbin/$name-nft$verb"
      ln -s xtables-legacy-multi "$root/usr/sbin/$name-legacy$verb"
      ln -s xtables-nft-multi "$root/usr/sbin/$name$verb"
    done
  done
  command -v dpkg-query >/dev/null || {
    echo "selvage: the sidecar's image needs dpkg-query, which says where iptables has its extensions" >&2
    return 1
  }
  extensions=$(dirname "$({ dpkg-query -L iptables 2>/dev/null || true; } | sed -n '\|/libxt_owner\.so$|p')")
  mkdir -p "$root$extensions"
  install -m 755 "$extensions"/lib{xt,ipt,ip6t}_*.so "$root$extensions/"
  add_libraries "$root" "$extensions"/*.so
}
