// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.compare;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Starts the backend and the proxies in a scratch folder, all on loopback: the proxies on processor
 * 0, backend and load on processor 1. Everything it started is ended by {@link #close()}.
 */
final class Stage implements AutoCloseable {
  private static final int BACKEND = 19000;

  /** Routes in Selvage's table beside the one that is used. */
  private static final int ROUTES = 1000;

  private final Path dir;
  private final Path mesh;
  private final List<Proxy> started = new ArrayList<>();

  Stage(Path dir, Path mesh) throws IOException, InterruptedException {
    this.dir = dir;
    this.mesh = mesh;
    makeCertificate();
    makePages();
  }

  /** The backend itself stands in for "no proxy". */
  Proxy backend() throws IOException, InterruptedException {
    Path conf = dir.resolve("backend.conf");
    Files.writeString(
        conf,
        """
        daemon off; worker_processes 1; pid %1$s/backend.pid; error_log %1$s/backend.err;
        events { worker_connections 4096; }
        http {
          access_log off; keepalive_requests 100000000; keepalive_timeout 300s; sendfile on; tcp_nopush on;
          server { listen 127.0.0.1:%2$d backlog=4096; root %1$s/www; default_type text/html; }
        }
        """
            .formatted(dir, BACKEND));
    return start(
        "none", 1, List.of("nginx", "-c", conf.toString()), BACKEND, 0, BACKEND, List.of());
  }

  Proxy nginx() throws IOException, InterruptedException {
    Path conf = dir.resolve("nginx.conf");
    Files.writeString(
        conf,
        """
        daemon off; worker_processes 1; pid %1$s/nginx.pid; error_log %1$s/nginx.err;
        events { worker_connections 8192; }
        http {
          access_log off; keepalive_requests 100000000; keepalive_timeout 300s;
          upstream backend { server 127.0.0.1:%2$d; keepalive 200; keepalive_requests 100000000; }
          proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Request-Id $request_id;
          proxy_buffers 16 16k; proxy_buffer_size 16k;
          ssl_certificate %1$s/tls.crt; ssl_certificate_key %1$s/tls.key;
          ssl_protocols TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
          server { listen 127.0.0.1:19010 backlog=4096; location / { proxy_pass http://backend; } }
          server { listen 127.0.0.1:19011 ssl http2 backlog=4096; location / { proxy_pass http://backend; } }
        }
        """
            .formatted(dir, BACKEND));
    return start("nginx", 0, List.of("nginx", "-c", conf.toString()), 19010, 19011, 0, List.of());
  }

  Proxy haproxy() throws IOException, InterruptedException {
    Path conf = dir.resolve("haproxy.cfg");
    Files.writeString(
        conf,
        """
        global
          nbthread 1
          maxconn 4096
          ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
          tune.ssl.cachesize 0
        defaults
          mode http
          timeout connect 5s
          timeout client 300s
          timeout server 300s
          option forwardfor
        frontend plain
          bind 127.0.0.1:19020 backlog 4096
          http-request set-header X-Request-Id %%[rand(1000000000)]
          default_backend web
        frontend tls
          bind 127.0.0.1:19021 backlog 4096 ssl crt %1$s/tls.pem alpn h2,http/1.1
          http-request set-header X-Request-Id %%[rand(1000000000)]
          default_backend web
        backend web
          http-reuse always
          server b 127.0.0.1:%2$d pool-max-conn 500
        listen raw
          mode tcp
          option splice-auto
          bind 127.0.0.1:19022 backlog 4096
          server b 127.0.0.1:%2$d
        """
            .formatted(dir, BACKEND));
    return start(
        "haproxy",
        0,
        List.of("haproxy", "-db", "-f", conf.toString()),
        19020,
        19021,
        19022,
        List.of());
  }

  Proxy selvage(String javaOptions) throws IOException, InterruptedException {
    Path manifests = Files.createDirectories(dir.resolve("manifests"));
    Files.writeString(manifests.resolve("gateway.yaml"), gatewayManifests());
    Files.writeString(manifests.resolve("routes.yaml"), routeManifests());
    return start(
        "selvage",
        0,
        List.of(
            mesh.toString(),
            "gateway",
            "--from",
            manifests.toString(),
            "--address",
            "127.0.0.1",
            "--admin-port",
            "19033",
            // As the peers' logs are off, too.
            "--access-log",
            "off"),
        19030,
        19031,
        19032,
        List.of("MESH_JAVA_OPTS=" + javaOptions));
  }

  private String gatewayManifests() throws IOException {
    return """
    apiVersion: getambassador.io/v3alpha1
    kind: Listener
    metadata: {name: http}
    spec: {port: 19030, protocol: HTTP, securityModel: XFP, hostBinding: {namespace: {from: ALL}}}
    ---
    apiVersion: getambassador.io/v3alpha1
    kind: Listener
    metadata: {name: https}
    spec: {port: 19031, protocol: HTTPS, securityModel: XFP, hostBinding: {namespace: {from: ALL}}}
    ---
    apiVersion: getambassador.io/v3alpha1
    kind: Host
    metadata: {name: any}
    spec:
      hostname: "*"
      tlsSecret: {name: bench}
      tls: {min_tls_version: v1.3, alpn_protocols: "h2,http/1.1"}
      requestPolicy: {insecure: {action: Route}}
    ---
    apiVersion: getambassador.io/v3alpha1
    kind: TCPMapping
    metadata: {name: raw}
    spec: {port: 19032, service: "backend:80"}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: bench}
    type: kubernetes.io/tls
    data: {tls.crt: %s, tls.key: %s}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: backend}
    spec: {ports: [{name: http, port: 80, targetPort: %d}]}
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: backend-1, labels: {kubernetes.io/service-name: backend}}
    addressType: IPv4
    ports: [{name: http, port: %d}]
    endpoints: [{addresses: [127.0.0.1]}]
    """
        .formatted(base64("tls.crt"), base64("tls.key"), BACKEND, BACKEND);
  }

  private static String routeManifests() {
    var out = new StringBuilder();
    for (int i = 0; i < ROUTES; i++) {
      out.append(
          """
          ---
          apiVersion: getambassador.io/v3alpha1
          kind: Mapping
          metadata: {name: r%1$d}
          spec:
            hostname: "*"
            prefix: /r%1$d/
            service: backend
            timeout_ms: 15000
            add_request_headers: {x-bench-route: {value: r%1$d, append: false}}
            remove_response_headers: [x-powered-by]
          """
              .formatted(i));
    }
    return out.toString();
  }

  private Proxy start(
      String name, int cpu, List<String> command, int http, int https, int tcp, List<String> env)
      throws IOException, InterruptedException {
    List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(cpu)));
    pinned.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(pinned);
    for (String e : env) {
      builder.environment().put(e.substring(0, e.indexOf('=')), e.substring(e.indexOf('=') + 1));
    }
    Path log = dir.resolve(name + ".log");
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    Process process = builder.start();
    Proxy proxy = new Proxy(name, process.toHandle(), http, https, tcp);
    started.add(proxy);
    for (int port : new int[] {http, https, tcp}) {
      if (port != 0) {
        awaitPort(name, process, port, log);
      }
    }
    return proxy;
  }

  private static void awaitPort(String name, Process process, int port, Path log)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(
            new InetSocketAddress(java.net.InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          throw new IOException(
              name + " does not listen on " + port + ": " + Files.readString(log), e);
        }
        Thread.sleep(100);
      }
    }
  }

  private void makeCertificate() throws IOException, InterruptedException {
    Process p =
        new ProcessBuilder(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=bench.example",
                "-addext",
                "subjectAltName=DNS:bench.example,IP:127.0.0.1",
                "-keyout",
                dir.resolve("tls.key").toString(),
                "-out",
                dir.resolve("tls.crt").toString())
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("openssl.log").toFile())
            .start();
    if (!p.waitFor(30, TimeUnit.SECONDS) || p.exitValue() != 0) {
      throw new IOException("openssl made no certificate, see " + dir.resolve("openssl.log"));
    }
    Files.writeString(
        dir.resolve("tls.pem"),
        Files.readString(dir.resolve("tls.crt")) + Files.readString(dir.resolve("tls.key")));
  }

  /** The same page under the path a rewriting proxy asks for and the one a plain proxy asks for. */
  private void makePages() throws IOException {
    Random random = new Random(1);
    for (String folder : List.of("www", "www/r500")) {
      Path at = Files.createDirectories(dir.resolve(folder));
      for (var page : List.of(new Page("1k", 1024), new Page("64k", 65536))) {
        byte[] content = new byte[page.size()];
        random.nextBytes(content);
        Files.write(at.resolve(page.name()), content);
      }
    }
  }

  private record Page(String name, int size) {}

  private String base64(String file) throws IOException {
    return Base64.getEncoder().encodeToString(Files.readAllBytes(dir.resolve(file)));
  }

  @Override
  public void close() {
    started.reversed().forEach(Proxy::stop);
  }
}
