{{/* What all objects of the controller are labelled with, and found by. */}}
{{- define "stillframe.controller.selector" -}}
app.kubernetes.io/name: stillframe
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller
{{- end -}}
