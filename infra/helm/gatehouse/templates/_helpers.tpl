{{- define "gatehouse.labels" -}}
app.kubernetes.io/name: gatehouse
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gatehouse.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "gatehouse.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "gatehouse.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Every key of the secret that there is, as the file that its variable names. */}}
{{- define "gatehouse.secretEnv" -}}
- { name: GATEHOUSE_MASTER_KEY_FILE, value: /run/secrets/gatehouse/master-key }
{{- range $variable, $key := dict "GATEHOUSE_MASTER_KEY_OTHER" "master-key-other" "GATEHOUSE_DEPLOYMENT_SECRET" "deployment-secret" }}
- name: {{ $variable }}
  valueFrom: { secretKeyRef: { name: {{ $.Values.existingSecret }}, key: {{ $key }}, optional: true } }
{{- end }}
{{- end }}
