// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.cli.ControlPlaneClient.Params;
import io.selvage.controlplane.observation.query.LabelTest;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.tap.TapRequest;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows single exchanges as they happen. */
@Command(
    name = "tap",
    description = {
      "Show requests as they go through the proxies of a resource, until Ctrl-C. In a cluster it",
      "takes the permission to watch taps.selvage.io in the namespace."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:stopped by Ctrl-C, shown as many as were asked for, or nobody reads any more",
      "1:the control plane cannot be asked, does not permit it, or has ended it",
      "2:not understood"
    })
final class TapCommand implements Callable<Integer> {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** The API server may have to be asked first. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

  /** Characters of a line; what is longer is no exchange. */
  private static final int MAX_LINE = 256 * 1024;

  private static final ObjectMapper JSON = new ObjectMapper();

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "TYPE[/NAME]",
      description = "Whose proxies tell: deploy/web, po, ns/shop, sts, ds, job, cj, rs, rc or sa.")
  private List<String> words;

  @Mixin private NamespaceOptions namespaces;

  @Option(
      names = {"-l", "--selector"},
      paramLabel = "SEL",
      description = "Only pods of the resource with these labels, as kubectl reads it.")
  private String selector = "";

  @Option(
      names = "--to",
      paramLabel = "TYPE[/NAME]",
      description = "Only requests the resource sends there; svc/NAME too.")
  private @Nullable String to;

  @Option(
      names = "--to-namespace",
      paramLabel = "NAME",
      description = "Namespace of --to, or all that is in it.")
  private @Nullable String toNamespace;

  @Option(names = "--method", paramLabel = "M", description = "Only this method.")
  private String method = "";

  @Option(names = "--scheme", paramLabel = "S", description = "Only http, or only https.")
  private String scheme = "";

  @Option(names = "--authority", paramLabel = "A", description = "Only this authority.")
  private String authority = "";

  @Option(names = "--path", paramLabel = "P", description = "Only paths that begin so.")
  private String path = "";

  @Option(
      names = "--max-rps",
      paramLabel = "N",
      defaultValue = "" + TapRequest.DEFAULT_PER_SECOND,
      description =
          "Requests shown in a second at most, 1 to 1000; others are counted (default:"
              + " ${DEFAULT-VALUE}).")
  private int maxRps;

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "0",
      description = "End after so many requests; 0 = never (default: ${DEFAULT-VALUE}).")
  private long count;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "table",
      description = {
        "table: lines; wide: with the names of both ends; json: an object a line, with the",
        "request's fields, secrets redacted."
      })
  private TableOutput output;

  @Mixin private CallerToken.FileOption tokenFile;

  @Mixin private ControlPlaneOption controlPlane;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    try {
      Params params = params(request());
      try (ControlPlaneReach reach = controlPlane.reach(0);
          HttpClient client =
              HttpClient.newBuilder()
                  .version(HttpClient.Version.HTTP_1_1)
                  .connectTimeout(CONNECT_TIMEOUT)
                  .build()) {
        try {
          return follow(client, reach, params);
        } finally {
          client.shutdownNow();
        }
      }
    } catch (CommandFailure e) {
      return e.report(err);
    }
  }

  private TapRequest request() throws CommandFailure {
    try {
      List<ResourceSelector> resources = ResourceSelector.parseWords(words);
      if (resources.size() != 1) {
        throw new IllegalArgumentException("tap shows the requests of one resource");
      }
      ResourceSelector resource = resources.getFirst();
      Optional<String> namespace =
          resource.type() == ResourceType.NAMESPACE ? Optional.empty() : namespaces.namespace();
      return new TapRequest(
          resource,
          namespace,
          LabelTest.parse(selector),
          OtherEnd.of(
              Optional.ofNullable(to),
              Optional.ofNullable(toNamespace),
              Optional.empty(),
              Optional.empty(),
              namespace),
          maxRps,
          method,
          scheme,
          authority,
          path,
          output == TableOutput.JSON);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.misunderstood(e);
    }
  }

  private Params params(TapRequest request) {
    var params = new Params().add("resource", request.resource().toString());
    request.namespace().ifPresent(name -> params.add("namespace", name));
    if (!selector.isEmpty()) {
      params.add("selector", selector);
    }
    if (to != null) {
      params.add("to", to);
    }
    if (toNamespace != null) {
      params.add("to_namespace", toNamespace);
    }
    return params
        .add("max_rps", Integer.toString(maxRps))
        .add("method", method)
        .add("scheme", scheme)
        .add("authority", authority)
        .add("path", path)
        .add("headers", Boolean.toString(request.headers()));
  }

  /** Opens it, and again each time the token that was made for it has ended. */
  private int follow(HttpClient client, ControlPlaneReach reach, Params params)
      throws CommandFailure, InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    var shown = new TapOutput(spec.commandLine().getOut(), err, output, count);
    while (true) {
      Optional<CallerToken> token = tokenFile.token(reach, err);
      Optional<String> ended = tap(client, reach, params, token, shown);
      if (ended.isEmpty()) {
        return 0;
      }
      if (token.isEmpty() || !token.get().isOver(Instant.now())) {
        throw CommandFailure.failed("The control plane has ended the tap" + ended.get());
      }
      shown.startOver();
    }
  }

  /** Why it ended; empty if enough was shown. */
  private static Optional<String> tap(
      HttpClient client,
      ControlPlaneReach reach,
      Params params,
      Optional<CallerToken> token,
      TapOutput shown)
      throws CommandFailure, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(reach.resolve("api/v1/tap" + params)).timeout(ANSWER_TIMEOUT);
    if (token.isPresent()) {
      token.get().addTo(request);
    }
    try {
      HttpResponse<InputStream> response =
          client.send(request.build(), BodyHandlers.ofInputStream());
      try (var lines =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
        if (response.statusCode() != 200) {
          throw refused(reach, response.statusCode(), line(lines));
        }
        return print(lines, shown);
      }
    } catch (IOException e) {
      String message = e.getMessage() == null ? "no connection" : TerminalText.line(e.getMessage());
      throw CommandFailure.unreachable(reach.url() + ": " + message);
    }
  }

  private static CommandFailure refused(ControlPlaneReach reach, int status, String body) {
    String error = "";
    try {
      error = TerminalText.line(JSON.readTree(body).path("error").asText());
    } catch (JsonProcessingException _) {
      // Not ours, see below.
    }
    if (error.isEmpty()) {
      return CommandFailure.unreachable(
          reach.url() + " answers, but is no control plane with taps (status " + status + ")");
    }
    return status == 400
        ? CommandFailure.misunderstood(error)
        : CommandFailure.failed(reach.url() + " answered " + status + ": " + error);
  }

  /** The next line that is not empty; empty at the end. */
  private static String line(BufferedReader lines) throws IOException {
    var line = new StringBuilder();
    for (int c; (c = lines.read()) >= 0; ) {
      if (c != '\n') {
        line.append((char) c);
        if (line.length() > MAX_LINE) {
          throw new IOException("an answer that is none of a control plane's");
        }
      } else if (!line.isEmpty()) {
        return line.toString();
      }
    }
    return line.toString();
  }

  /** Prints until it is over, and says why; empty if enough was shown. */
  private static Optional<String> print(BufferedReader lines, TapOutput output) throws IOException {
    for (String line = line(lines); !line.isEmpty(); line = line(lines)) {
      JsonNode row = JSON.readTree(line);
      if (row.has("ended")) {
        return Optional.of(": " + TerminalText.line(row.path("ended").asText()));
      }
      if (!output.add(row)) {
        return Optional.empty();
      }
    }
    return Optional.of(".");
  }
}
