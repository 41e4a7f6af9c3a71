{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/* Labels of every object: (dict "root" $ "component" NAME), and further ones as "more" LABELS */}}
{{- define "selvage.labels" -}}
app.kubernetes.io/name: selvage
app.kubernetes.io/part-of: selvage
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
selvage.io/control-plane-component: {{ .component }}
{{- with merge (dict) (.more | default dict) .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of a pod of ours: (dict "root" $ "component" NAME "values" VALUES) */}}
{{- define "selvage.podLabels" -}}
{{- include "selvage.labels" (merge (dict "more" .values.podLabels) .) }}
{{- end }}

{{/* An image: (dict "root" $ "name" NAME) */}}
{{- define "selvage.image" -}}
{{- $digest := get .root.Values.images.digests .name }}
{{- if $digest -}}
{{ .root.Values.images.prefix }}/{{ .name }}@{{ $digest }}
{{- else -}}
{{ .root.Values.images.prefix }}/{{ .name }}:{{ .root.Values.images.tag | default .root.Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* Of every container of ours. */}}
{{- define "selvage.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Of every pod of ours. */}}
{{- define "selvage.podSecurity" -}}
runAsNonRoot: true
{{- if not (kindIs "invalid" .Values.runAsUser) }}
runAsUser: {{ int .Values.runAsUser }}
runAsGroup: {{ int .Values.runAsUser }}
fsGroup: {{ int .Values.runAsUser }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* What all pods of ours say alike: (dict "root" $ "component" NAME "values" VALUES) */}}
{{- define "selvage.scheduling" -}}
{{- with .root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .values.affinity }}
affinity:
  {{- toYaml .values.affinity | nindent 2 }}
{{- else if eq .root.Values.podAntiAffinity "required" }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            selvage.io/control-plane-component: {{ .component }}
{{- else if eq .root.Values.podAntiAffinity "preferred" }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              selvage.io/control-plane-component: {{ .component }}
{{- end }}
topologySpreadConstraints:
  {{- if .values.topologySpreadConstraints }}
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        selvage.io/control-plane-component: {{ .component }}
  {{- end }}
{{- end }}

{{/* How many pods: (dict "root" $ "deployment" NAME "values" VALUES). Where somebody else scales, what there is stays:
     a number that was applied once and is left out then is set to one by an API server. */}}
{{- define "selvage.replicas" -}}
{{- $there := include "selvage.lookup" (list .root "apps/v1" "Deployment" .root.Release.Namespace .deployment) | fromYaml }}
{{- if not (or (dig "autoscaling" "enabled" false .values) (kindIs "invalid" .values.replicas)) -}}
replicas: {{ int .values.replicas }}
{{- else if hasKey .root.Values.cli.replicas .deployment -}}
replicas: {{ int (get .root.Values.cli.replicas .deployment) }}
{{- else if hasKey (get $there "spec" | default dict) "replicas" -}}
replicas: {{ int $there.spec.replicas }}
{{- end }}
{{- end }}

{{/* How pods are replaced: (dict "root" $ "values" VALUES "alone" BOOL), alone where two never share a node.
     Then a pod must go before its successor finds a place. What was chosen is taken as it is. */}}
{{- define "selvage.rollout" -}}
{{- $unavailable := include "selvage.share" (dict "of" .values.rollingUpdate "name" "maxUnavailable") }}
{{- $surge := include "selvage.share" (dict "of" .values.rollingUpdate "name" "maxSurge") }}
{{- if not $unavailable }}
{{- $unavailable = ternary "1" "0" (or .alone (regexMatch "^0+%?$" $surge) (and (not $surge) (gt (int .values.replicas) 2) (ne .component "gateway"))) }}
{{- end }}
{{- if not $surge }}
{{- $surge = ternary "0" "1" (and .alone (not (regexMatch "^0+%?$" $unavailable))) }}
{{- end -}}
rollingUpdate: {maxUnavailable: {{ $unavailable }}, maxSurge: {{ $surge }}}
{{- end }}

{{/* A number or percentage as text, empty where none was chosen: (dict "of" OBJECT "name" KEY) */}}
{{- define "selvage.share" -}}
{{- $value := get (.of | default dict) .name }}
{{- if not (kindIs "invalid" $value) }}{{ $value | toString }}{{ end }}
{{- end }}

{{/* Whether replicas never share a node: (dict "root" $ "values" VALUES) */}}
{{- define "selvage.alone" -}}
{{- if and (eq .root.Values.podAntiAffinity "required") (not .values.affinity) }}yes{{ end }}
{{- end }}

{{/* Startup, readiness and liveness at a named port. */}}
{{- define "selvage.probes" -}}
startupProbe:
  httpGet: {path: /live, port: {{ . }}}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 180
readinessProbe:
  httpGet: {path: /ready, port: {{ . }}}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /live, port: {{ . }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}

{{/* The JVM and Netty write to /tmp, and to nothing else. */}}
{{- define "selvage.scratch" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- with .extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where that and the volumes of the values are mounted. */}}
{{- define "selvage.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- with .extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Environment of every container: (dict "root" $ "values" VALUES) */}}
{{- define "selvage.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: SELVAGE_LOG_LEVEL
  value: {{ .root.Values.logLevel }}
{{- with .values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* HOST:PORT of our control plane. */}}
{{- define "selvage.controlPlane" -}}
control-plane.{{ .Release.Namespace }}.svc:8443
{{- end }}

{{/* A budget for more than one replica, or for as many as somebody else makes: (dict "root" $ "component" NAME "name" OBJECT "values" VALUES) */}}
{{- define "selvage.budget" -}}
{{- $replicas := .values.replicas }}
{{- with .values.autoscaling }}
{{- if .enabled }}{{ $replicas = .minReplicas }}{{ end }}
{{- end }}
{{- if and .root.Values.podDisruptionBudgets (or (kindIs "invalid" $replicas) (gt (int $replicas) 1)) }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "selvage.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  {{- if semverCompare ">=1.27.0-0" .root.Capabilities.KubeVersion.Version }}
  # A pod that is not ready keeps nobody from emptying its node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  {{- end }}
  selector:
    matchLabels:
      selvage.io/control-plane-component: {{ .component }}
{{- end }}
{{- end }}

{{/* Who may read the admin port, as peers of a NetworkPolicy. */}}
{{- define "selvage.adminPeers" -}}
{{- if .Values.networkPolicies.admin }}
{{- toYaml .Values.networkPolicies.admin }}
{{- else -}}
- namespaceSelector: {}
{{- end }}
{{- end }}

{{/* Egress to DNS and to the API server. A policy sees the port of the pod: DNS of OpenShift has 5353 there. */}}
{{- define "selvage.egress" -}}
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
    - {protocol: UDP, port: 5353}
    - {protocol: TCP, port: 5353}
- ports:
    {{- range .Values.networkPolicies.apiServer.ports }}
    - {protocol: TCP, port: {{ int . }}}
    {{- end }}
  {{- with .Values.networkPolicies.apiServer.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Egress to a web tool: (dict "root" $ "url" URL "destination" VALUES). Where nothing is chosen: the URL's port
     anywhere, for tools outside of the cluster; and, since a policy sees the port of the pod and not that of its
     Service, any port of the namespace that the name of a Service says. */}}
{{- define "selvage.toolEgress" -}}
{{- $url := urlParse .url }}
{{- $host := regexReplaceAll ":[0-9]+$" $url.host "" }}
{{- if or .destination.to .destination.ports }}
{{- with .destination.ports }}
- ports:
    {{- range . }}
    - {protocol: TCP, port: {{ int . }}}
    {{- end }}
{{- end }}
{{- with .destination.to }}
{{ ternary "  to:" "- to:" (not (empty $.destination.ports)) }}
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- else }}
- ports:
    - {protocol: TCP, port: {{ trimPrefix ":" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) }}}
{{- if not (regexMatch "^(\\[.*|[0-9.]+)$" $host) }}
{{- $labels := splitList "." $host }}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ ternary (index $labels (sub (min 2 (len $labels)) 1)) .root.Release.Namespace (gt (len $labels) 1) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Whether a class is to be made here: (dict "root" $ "name" NAME "values" VALUES). Another's is left alone. */}}
{{- define "selvage.makesClass" -}}
{{- if .values.create }}
{{- $there := include "selvage.lookup" (list .root "networking.k8s.io/v1" "IngressClass" "" .name) | fromYaml }}
{{- if or (not $there) (hasKey (dig "metadata" "labels" dict $there) "selvage.io/control-plane-component") -}}
yes
{{- end }}
{{- end }}
{{- end }}

{{/* An object as it stands in the cluster, as YAML; nothing without one, and where `mesh install` renders, which
     has looked by itself: (list $ APIVERSION KIND NAMESPACE NAME) */}}
{{- define "selvage.lookup" -}}
{{- if not (index . 0).Values.cli.rendered -}}
{{- lookup (index . 1) (index . 2) (index . 3) (index . 4) | toYaml -}}
{{- end -}}
{{- end }}
