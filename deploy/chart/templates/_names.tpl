{{/* What all objects of a part are labelled with, and found by. Called with (dict "root" $ "part" "collector"). */}}
{{- define "stillframe.selector" -}}
app.kubernetes.io/name: stillframe
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "stillframe.labels" -}}
{{ include "stillframe.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end -}}

{{- define "stillframe.image" -}}
{{- $image := .Values.image -}}
{{- $name := required "image.repository: name the registry and repository that you pushed the image to" $image.repository -}}
{{- if $image.digest -}}
{{ $name }}@{{ $image.digest }}
{{- else -}}
{{ $name }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}
