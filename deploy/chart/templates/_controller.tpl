{{/* What the controller is by default; values below `controller:` go before it. */}}
{{- define "stillframe.controller.defaults" -}}
enabled: true
replicas: 2
namespace: ""
requestsPerSecond: 15
webhook:
  tokenSecret: ""
  tlsSecret: ""
  from: []
resources:
  requests: { cpu: 50m, memory: 128Mi }
  limits: { memory: 512Mi }
nodeSelector: { kubernetes.io/os: linux }
tolerations: []
terminationGracePeriodSeconds: 660
{{- end -}}

{{- define "stillframe.controller.selector" -}}
app.kubernetes.io/name: stillframe
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller
{{- end -}}

{{- define "stillframe.controller.image" -}}
{{- $image := .Values.image | default dict -}}
{{- $name := required "image.repository: name the registry and repository that you pushed the image to" $image.repository -}}
{{- if $image.digest -}}
{{ $name }}@{{ $image.digest }}
{{- else -}}
{{ $name }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}
