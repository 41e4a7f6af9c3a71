// SPDX-License-Identifier: Apache-2.0
/**
 * Protocol-neutral HTTP values: header blocks over bytes, request and response heads, the request
 * target and authority parsed and normalised once, limits and rejections. Confined to the event
 * loop of the connection that owns them.
 */
@NullMarked
package io.selvage.proxy.http;

import org.jspecify.annotations.NullMarked;
