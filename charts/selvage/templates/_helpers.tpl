{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/* Labels of every object: (dict "root" $ "component" NAME) */}}
{{- define "selvage.labels" -}}
app.kubernetes.io/name: selvage
app.kubernetes.io/part-of: selvage
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
selvage.io/control-plane-component: {{ .component }}
{{- end }}

{{/* An image: (dict "root" $ "name" NAME) */}}
{{- define "selvage.image" -}}
{{ .root.Values.images.prefix }}/{{ .name }}:{{ .root.Values.images.tag | default .root.Chart.AppVersion }}
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
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
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
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if eq .root.Values.podAntiAffinity "required" }}
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
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        selvage.io/control-plane-component: {{ .component }}
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

{{/* Where the gateway and sidecars find a control plane: (dict "root" $ "named" ADDRESS); empty without. */}}
{{- define "selvage.controlPlaneFor" -}}
{{- if .named -}}
{{ .named }}
{{- else if .root.Values.controlPlane.enabled -}}
{{ include "selvage.controlPlane" .root }}
{{- end }}
{{- end }}

{{/* A budget for more than one replica: (dict "root" $ "component" NAME "name" OBJECT "values" VALUES) */}}
{{- define "selvage.budget" -}}
{{- if and .root.Values.podDisruptionBudgets (gt (int .values.replicas) 1) }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "selvage.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
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

{{/* Egress to DNS and to the API server. */}}
{{- define "selvage.egress" -}}
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
- ports:
    {{- range .Values.networkPolicies.apiServer.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .Values.networkPolicies.apiServer.to }}
  to:
    {{- toYaml . | nindent 4 }}
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

{{/* Endpoints of a Service are forgotten in every node a little after the pod is told to stop. Images have no
     shell to sleep in; Kubernetes sleeps by itself since 1.30. */}}
{{- define "selvage.preStop" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
lifecycle:
  preStop:
    sleep: {seconds: 5}
{{- end }}
{{- end }}

{{/* An object as it stands in the cluster, as YAML; nothing without one, and where `mesh install` renders, which
     has looked by itself: (list $ APIVERSION KIND NAMESPACE NAME) */}}
{{- define "selvage.lookup" -}}
{{- if not (index . 0).Values.cli.rendered -}}
{{- lookup (index . 1) (index . 2) (index . 3) (index . 4) | toYaml -}}
{{- end -}}
{{- end }}
