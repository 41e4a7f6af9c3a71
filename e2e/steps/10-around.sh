# SPDX-License-Identifier: Apache-2.0
# What Kubernetes does by itself, before the install
promise "the samples start" around_begin
around "before the install"
