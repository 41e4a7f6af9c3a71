// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * Who writes statuses, which address they carry and how fast.
 *
 * @param leaseNamespace namespace of the Lease that elects the writer
 * @param leaseName its name, the same for all replicas
 * @param identity this replica's name, unique among them; a pod's name is
 * @param address what Ingresses publish
 * @param leaseDuration how long a silent leader keeps the lease; at least a second more than {@code
 *     renewDeadline}
 * @param renewDeadline a leader that could not renew for this long steps down
 * @param retryPeriod pause between attempts to get or renew the lease
 * @param writesPerSecond statuses and Events written at most; twice as many at once after a pause
 * @param addressEvery pause between looks at the Service whose address is published
 */
public record StatusOptions(
    String leaseNamespace,
    String leaseName,
    String identity,
    PublishedAddress address,
    Duration leaseDuration,
    Duration renewDeadline,
    Duration retryPeriod,
    int writesPerSecond,
    Duration addressEvery) {
  /** Name of the Lease unless another is given. */
  public static final String DEFAULT_LEASE = "selvage-gateway-leader";

  public StatusOptions {
    requireNonNull(leaseNamespace, "leaseNamespace");
    requireNonNull(leaseName, "leaseName");
    requireNonNull(identity, "identity");
    requireNonNull(address, "address");
    requireNonNull(retryPeriod, "retryPeriod");
    requireNonNull(addressEvery, "addressEvery");
    if (renewDeadline.plusSeconds(1).compareTo(leaseDuration) > 0) {
      throw new IllegalArgumentException("the lease must outlast the renew deadline by a second");
    }
    if (writesPerSecond < 1) {
      throw new IllegalArgumentException("writesPerSecond must be at least 1");
    }
  }

  /** The usual times: 15 s lease, 10 s to renew it, 2 s between attempts, 50 writes a second. */
  public static StatusOptions of(String namespace, String identity, PublishedAddress address) {
    return new StatusOptions(
        namespace,
        DEFAULT_LEASE,
        identity,
        address,
        Duration.ofSeconds(15),
        Duration.ofSeconds(10),
        Duration.ofSeconds(2),
        50,
        Duration.ofSeconds(10));
  }

  /** The same with other times for the lease. */
  public StatusOptions withLease(Duration lease, Duration renew, Duration retry) {
    return new StatusOptions(
        leaseNamespace,
        leaseName,
        identity,
        address,
        lease,
        renew,
        retry,
        writesPerSecond,
        addressEvery);
  }

  /** The same with another pause between looks at the Service. */
  public StatusOptions withAddressEvery(Duration every) {
    return new StatusOptions(
        leaseNamespace,
        leaseName,
        identity,
        address,
        leaseDuration,
        renewDeadline,
        retryPeriod,
        writesPerSecond,
        every);
  }
}
