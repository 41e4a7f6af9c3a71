// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.sidecar;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What the sidecars are measured between and beside: an nginx with two pages, two HAProxies. */
final class Applications {
  static final int APP = 19100;

  /** The same application as a pod of its own, which no sidecar stands before. */
  static final String PLAIN_IP = "127.0.0.13";

  private Applications() {}

  static void nginx(MeshOnLoopback stage, int cpu) throws IOException, InterruptedException {
    Path dir = stage.dir();
    Path pages = Files.createDirectories(dir.resolve("www"));
    Random random = new Random(1);
    for (int size : new int[] {1, 64}) {
      byte[] content = new byte[size * 1024];
      random.nextBytes(content);
      Files.write(pages.resolve(size + "k"), content);
    }
    Path conf = dir.resolve("nginx.conf");
    Files.writeString(
        conf,
        """
        daemon off; worker_processes 1; pid %1$s/nginx.pid; error_log %1$s/nginx.err;
        events { worker_connections 4096; }
        http {
          access_log off; keepalive_requests 100000000; keepalive_timeout 300s; sendfile on; tcp_nopush on;
          server {
            listen 127.0.0.1:%2$d backlog=4096; listen %3$s:%2$d backlog=4096;
            root %1$s/www; default_type text/html;
          }
        }
        """
            .formatted(dir, APP, PLAIN_IP));
    Process process = stage.start("nginx", cpu, List.of("nginx", "-c", conf.toString()));
    stage.awaitPort("nginx", process, "127.0.0.1", APP);
  }

  /** One HAProxy a side, with certificates of one authority that each demands of the other. */
  static Pair haproxies(MeshOnLoopback stage, int cpu) throws IOException, InterruptedException {
    Path dir = stage.dir();
    certificates(dir);
    String common =
        """
        global
          nbthread 1
          maxconn 4096
          ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
          ssl-default-server-options ssl-min-ver TLSv1.3
          tune.ssl.cachesize 0
        defaults
          mode http
          timeout connect 5s
          timeout client 300s
          timeout server 300s
          http-reuse always
        """;
    Files.writeString(
        dir.resolve("haproxy-out.cfg"),
        common
            + """
            listen out
              bind 127.0.0.1:19110 backlog 4096
              server b 127.0.0.1:19111 ssl verify required ca-file %1$s/ca.crt crt %1$s/client.pem pool-max-conn 500
            listen opaque
              mode tcp
              option splice-auto
              bind 127.0.0.1:19112 backlog 4096
              server b %2$s:%3$d
            """
                .formatted(dir, PLAIN_IP, APP));
    Files.writeString(
        dir.resolve("haproxy-in.cfg"),
        common
            + """
            listen in
              bind 127.0.0.1:19111 backlog 4096 ssl crt %1$s/server.pem ca-file %1$s/ca.crt verify required
              server b 127.0.0.1:%2$d pool-max-conn 500
            """
                .formatted(dir, APP));
    List<ProcessHandle> processes = new ArrayList<>();
    for (String side : List.of("out", "in")) {
      String name = "haproxy-" + side;
      Process process =
          stage.start(
              name, cpu, List.of("haproxy", "-db", "-f", dir.resolve(name + ".cfg").toString()));
      stage.awaitPort(name, process, "127.0.0.1", side.equals("out") ? 19110 : 19111);
      processes.add(process.toHandle());
    }
    return new Pair("haproxy", processes, 19110, 19112);
  }

  private static void certificates(Path dir) throws IOException, InterruptedException {
    String script =
        """
        set -e
        cd "$1"
        new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        openssl req -x509 $new -days 30 -subj /CN=bench-ca -keyout ca.key -out ca.crt
        for name in server client; do
          openssl req $new -subj /CN=$name -keyout $name.key -out $name.csr
          printf 'subjectAltName=IP:127.0.0.1\\n' >$name.ext
          openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile $name.ext -out $name.crt
          cat $name.crt $name.key >$name.pem
        done
        """;
    Process process =
        new ProcessBuilder("bash", "-c", script, "certificates", dir.toString())
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("openssl.log").toFile())
            .start();
    if (process.waitFor() != 0) {
      throw new IOException("openssl: " + Files.readString(dir.resolve("openssl.log")));
    }
  }
}
