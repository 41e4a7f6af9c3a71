// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.gateway.compile.CompileResult;
import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.gateway.explain.Explanation;
import io.selvage.gateway.explain.RequestExplainer;
import io.selvage.gateway.explain.RequestQuestion;
import io.selvage.gateway.explain.RequestUrl;
import io.selvage.gateway.explain.ServedTables;
import io.selvage.gateway.translate.CompileOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says where a request would go and why, without sending it. */
@Command(
    name = "explain",
    description = "Show which listener, host, route and backend would serve a request, and why.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:something serves the request",
      "1:nothing does, or the gateway cannot be asked",
      "2:not understood"
    })
final class ExplainCommand implements Callable<Integer> {
  /** The admin port answers from memory; a longer silence is a wrong address. */
  private static final Duration ADMIN_TIMEOUT = Duration.ofSeconds(10);

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "URL", description = "The URL a client would ask for.")
  private String url;

  @Option(
      names = {"-X", "--request"},
      paramLabel = "METHOD",
      defaultValue = "GET",
      description = "Method of the request (default: ${DEFAULT-VALUE}).")
  private String method;

  @Option(
      names = {"-H", "--header"},
      paramLabel = "'k: v'",
      description = "A header of the request; may be repeated.")
  private List<String> headers = List.of();

  @Option(
      names = "--draw",
      paramLabel = "N",
      defaultValue = "0",
      description = "The number in 0..99 that weighted routes draw (default: ${DEFAULT-VALUE}).")
  private int draw;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "text",
      description = "Form of the answer: ${COMPLETION-CANDIDATES}.")
  private Output output;

  /** Where the configuration comes from: exactly one of the two. */
  private static final class Source {
    @Option(
        names = "--from",
        paramLabel = "DIR",
        description = "Ask the manifests of a folder (or file).")
    private @Nullable Path from;

    @Option(
        names = "--admin",
        paramLabel = "URL",
        description = "Ask a running gateway, by its admin port: http://127.0.0.1:9901.")
    private @Nullable URI admin;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    RequestQuestion question = question();
    Explanation explanation;
    if (source.from != null) {
      explanation = ask(source.from, question);
    } else if (source.admin != null) {
      Optional<Explanation> answer = ask(source.admin, question);
      if (answer.isEmpty()) {
        return 1;
      }
      explanation = answer.get();
    } else {
      throw new ParameterException(spec.commandLine(), "--from or --admin is needed");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (output == Output.JSON) {
      out.println(json().writerWithDefaultPrettyPrinter().writeValueAsString(explanation));
    } else {
      new ExplanationText(out).print(explanation);
    }
    return explanation.verdict().isServed() ? 0 : 1;
  }

  private RequestQuestion question() {
    try {
      return new RequestQuestion(
          RequestUrl.parse(url),
          method,
          headers.stream().map(RequestQuestion.Field::parse).toList(),
          draw);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private Explanation ask(Path folder, RequestQuestion question) {
    Optional<String> unreadable = Folders.unreadable(List.of(folder));
    if (unreadable.isPresent()) {
      throw new ParameterException(spec.commandLine(), unreadable.get());
    }
    CompileResult result =
        GatewayCompiler.standard()
            .compile(Folders.read(List.of(folder)), CompileOptions.defaults());
    return RequestExplainer.explain(
        ServedTables.compile(result.model(), result.endpoints()), question);
  }

  private Optional<Explanation> ask(URI admin, RequestQuestion question)
      throws IOException, InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    if (admin.getHost() == null || !"http".equals(admin.getScheme())) {
      throw new ParameterException(
          spec.commandLine(), admin + " is not the http URL of an admin port");
    }
    URI page = admin.resolve("/explain?" + query(question));
    try (var client = HttpClient.newBuilder().connectTimeout(ADMIN_TIMEOUT).build()) {
      HttpResponse<String> response =
          WholeAnswer.to(client, HttpRequest.newBuilder(page), ADMIN_TIMEOUT);
      if (response.statusCode() != 200) {
        err.println(
            "mesh explain: "
                + admin
                + " answered "
                + response.statusCode()
                + ": "
                + response.body().strip());
        return Optional.empty();
      }
      return Optional.of(json().readValue(response.body(), Explanation.class));
    } catch (JsonProcessingException e) {
      err.println("mesh explain: " + admin + " is not the admin port of a gateway");
      return Optional.empty();
    } catch (IOException e) {
      err.println("mesh explain: " + admin + " cannot be reached: " + reason(e));
      return Optional.empty();
    }
  }

  private static String reason(IOException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static String query(RequestQuestion question) {
    var query = new StringBuilder();
    append(query, "url", question.url().toString());
    append(query, "method", question.method());
    append(query, "draw", Integer.toString(question.draw()));
    question.headers().forEach(f -> append(query, "header", f.name() + ": " + f.value()));
    return query.toString();
  }

  private static void append(StringBuilder query, String name, String value) {
    if (!query.isEmpty()) {
      query.append('&');
    }
    query.append(name).append('=').append(URLEncoder.encode(value, StandardCharsets.UTF_8));
  }

  private static ObjectMapper json() {
    // A newer gateway may say more than this command knows.
    return new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
  }
}
