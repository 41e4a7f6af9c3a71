// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.compare;

/**
 * One proxy in one round.
 *
 * @param requests answered with 2xx
 * @param errors answered otherwise, or not at all
 * @param seconds length of the round
 * @param cpuSeconds processor time of the proxy
 * @param p50Micros median latency as the generator saw it (closed loop)
 * @param p99Micros 99th percentile, same caveat
 */
record Measurement(
    long requests,
    long errors,
    double seconds,
    double cpuSeconds,
    double p50Micros,
    double p99Micros) {
  double cpuMicrosPerRequest() {
    return requests == 0 ? Double.NaN : cpuSeconds * 1e6 / requests;
  }

  double requestsPerSecond() {
    return requests / seconds;
  }
}
