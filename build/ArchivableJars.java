// SPDX-License-Identifier: Apache-2.0

import static java.lang.classfile.ClassFile.JAVA_6_VERSION;
import static java.lang.classfile.ClassFile.JAVA_8_VERSION;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassHierarchyResolver.ClassHierarchyInfo;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.constant.ConstantDescs;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * {@code java build/ArchivableJars.java FOLDER}: makes over the jars of a distribution that the JVM
 * would keep out of an ahead-of-time cache, in their place, and names them. It archives neither classes
 * of a signed jar nor such as were compiled for a Java before 6 (JEP 483, "Skipping ...: Signed
 * JAR", "Old class has been linked"). So signatures go, which nothing here asks for, and old classes
 * get the stack maps of newer ones (JVMS 4.10.1); what they do stays the same. A jar's time stays.
 */
final class ArchivableJars {
  private final ClassFile classes;

  private ArchivableJars(ClassLoader all) {
    // A class that is not there is optional to its user; its name says no more than Object does.
    ClassHierarchyResolver hierarchy =
        ClassHierarchyResolver.ofResourceParsing(all)
            .orElse(name -> ClassHierarchyInfo.ofClass(ConstantDescs.CD_Object));
    this.classes =
        ClassFile.of(
            StackMapsOption.GENERATE_STACK_MAPS, ClassHierarchyResolverOption.of(hierarchy));
  }

  public static void main(String[] args) throws IOException {
    List<Path> jars;
    try (Stream<Path> files = Files.list(Path.of(args[0]))) {
      jars = files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    }
    URL[] urls = jars.stream().map(ArchivableJars::url).toArray(URL[]::new);
    try (var all = new URLClassLoader(urls)) {
      var maker = new ArchivableJars(all);
      for (Path jar : jars) {
        maker.make(jar);
      }
    }
  }

  private static URL url(Path jar) {
    try {
      return jar.toUri().toURL();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void make(Path jar) throws IOException {
    try (var in = new ZipFile(jar.toFile())) {
      if (!isLeftOut(in)) {
        return;
      }
      // Beside it and moved: a running process keeps the jar it opened.
      Path made = jar.resolveSibling("." + jar.getFileName() + ".new");
      try (var out = new ZipOutputStream(Files.newOutputStream(made))) {
        for (ZipEntry entry : in.stream().toList()) {
          copy(in, entry, out);
        }
      }
      Files.setLastModifiedTime(made, Files.getLastModifiedTime(jar));
      Files.move(made, jar, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      System.err.println("selvage: made over for the ahead-of-time cache: " + jar.getFileName());
    }
  }

  /** Whether a cache would not hold all of a jar. */
  private static boolean isLeftOut(ZipFile jar) throws IOException {
    for (ZipEntry entry : jar.stream().toList()) {
      if (isSignature(entry.getName())) {
        return true;
      }
      if (entry.getName().endsWith(".class")) {
        try (InputStream in = jar.getInputStream(entry)) {
          if (isOld(in.readNBytes(Long.BYTES))) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private void copy(ZipFile jar, ZipEntry entry, ZipOutputStream out) throws IOException {
    String name = entry.getName();
    if (isSignature(name)) {
      return;
    }
    byte[] bytes = jar.getInputStream(entry).readAllBytes();
    if (name.equals(JarFile.MANIFEST_NAME)) {
      bytes = withoutDigests(bytes);
    } else if (name.endsWith(".class") && isOld(bytes)) {
      bytes = renew(name, bytes);
    }
    var copy = new JarEntry(name);
    copy.setTimeLocal(entry.getTimeLocal());
    out.putNextEntry(copy);
    out.write(bytes);
    out.closeEntry();
  }

  /** The JAR file specification's "Signed JAR File". */
  private static boolean isSignature(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    return upper.matches("META-INF/[^/]*\\.(SF|RSA|DSA|EC)");
  }

  /** Sections of single files hold their digests, and in these jars nothing else. */
  private static byte[] withoutDigests(byte[] bytes) throws IOException {
    var manifest = new Manifest(new ByteArrayInputStream(bytes));
    manifest
        .getEntries()
        .values()
        .removeIf(section -> section.keySet().stream().allMatch(k -> k.toString().endsWith("-Digest")));
    var out = new ByteArrayOutputStream();
    manifest.write(out);
    return out.toByteArray();
  }

  /** By the head of a class file (JVMS 4.1): magic number, minor and major version. */
  private static boolean isOld(byte[] bytes) {
    ByteBuffer head = ByteBuffer.wrap(bytes);
    return bytes.length >= Long.BYTES
        && head.getInt(0) == ClassFile.MAGIC_NUMBER
        && head.getShort(6) < JAVA_6_VERSION;
  }

  private byte[] renew(String name, byte[] bytes) {
    ClassModel before = classes.parse(bytes);
    ClassTransform version =
        ClassTransform.dropping(element -> element instanceof ClassFileVersion)
            .andThen(ClassTransform.endHandler(builder -> builder.withVersion(JAVA_8_VERSION, 0)));
    // Each instruction is handed on by itself: a body that is copied whole gets no stack maps.
    byte[] after =
        classes.transformClass(
            before,
            version.andThen(
                ClassTransform.transformingMethodBodies((builder, part) -> builder.with(part))));
    List<VerifyError> errors = classes.verify(after);
    if (!errors.isEmpty()) {
      throw new IllegalStateException(name + " does not verify: " + errors.getFirst());
    }
    return after;
  }
}
