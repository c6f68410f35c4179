{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}
{{- define "dropwarden.name" -}}
{{- if eq .Release.Name .Chart.Name }}{{ .Chart.Name }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "dropwarden.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "dropwarden.labels" -}}
{{ include "dropwarden.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* What dropwarden reads: the values `config`, `runtimes` and `outputs`, and what follows from the pod. */ -}}
{{- define "dropwarden.config" -}}
{{- $own := dict "runtimes" (dict "sockets" .Values.runtimes) "outputs" .Values.outputs
      "metrics" (dict "listen" (printf "0.0.0.0:%v" .Values.metrics.port)) -}}
{{- if not .Values.stateDirectory }}{{ $_ := set $own "store" (dict "path" "none") }}{{ end -}}
{{- toYaml (mergeOverwrite $own (deepCopy .Values.config)) -}}
{{- end }}
