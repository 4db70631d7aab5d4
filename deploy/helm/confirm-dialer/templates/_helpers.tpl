{{- define "dialer.name" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}{{ end -}}
{{- end -}}

{{- define "dialer.selector" -}}
app.kubernetes.io/name: confirm-dialer
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dialer.labels" -}}
{{ include "dialer.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "dialer.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{/* The user `node` of the image; nothing but volumes is written to. */}}
{{- define "dialer.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "dialer.containerSecurity" -}}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Variables of every process; takes Values and .role. */}}
{{- define "dialer.env" -}}
- { name: NODE_ENV, value: production }
- { name: HOST, value: 0.0.0.0 }
- { name: PORT, value: "3000" }
- { name: METRICS_PORT, value: "9100" }
- { name: ROLES, value: {{ .role }} }
- { name: PUBLIC_URL, value: {{ .Values.publicUrl | quote }} }
- { name: DRAIN_SECONDS, value: {{ .Values.drainSeconds | quote }} }
{{- with .Values.ari.url }}
- { name: ARI_URL, value: {{ . | quote }} }
- { name: ARI_USERNAME, value: {{ $.Values.ari.username | quote }} }
{{- end }}
{{- range $name, $value := .Values.env }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end -}}

{{/* The pod of one role; takes Values, Chart and Release, the .role, and its .plan (its part of the values). */}}
{{- define "dialer.pod" -}}
metadata:
  labels:
    {{- include "dialer.labels" . | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  # Longer than the drain: calls that ring are brought to their end, talks are handed over.
  terminationGracePeriodSeconds: {{ max 60 (add .Values.drainSeconds 15) }}
  automountServiceAccountToken: false
  securityContext:
    {{- include "dialer.podSecurity" . | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  # A machine that dies takes one process of each role at most, where there are several.
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "dialer.selector" . | nindent 10 }}
          app.kubernetes.io/component: {{ .role }}
  containers:
    - name: dialer
      image: {{ include "dialer.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        {{- include "dialer.containerSecurity" . | nindent 8 }}
      env:
        {{- include "dialer.env" . | nindent 8 }}
      envFrom:
        - secretRef: { name: {{ .Values.existingSecret | quote }} }
      ports:
        - { name: http, containerPort: 3000 }
        - { name: metrics, containerPort: 9100 }
      startupProbe:
        httpGet: { path: /health/live, port: metrics }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /health/live, port: metrics }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /health/ready, port: metrics }
        periodSeconds: 5
        timeoutSeconds: 3
      {{- if eq .role "api" }}
      # SIGTERM comes while the balancer still sends requests; they are answered meanwhile.
      lifecycle:
        preStop:
          exec: { command: [sleep, "5"] }
      {{- end }}
      resources:
        {{- toYaml .plan.resources | nindent 8 }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
        {{- if eq .role "api" }}
        - { name: spool, mountPath: /var/lib/confirm-dialer/spool }
        {{- end }}
  volumes:
    - { name: tmp, emptyDir: {} }
{{- end -}}
