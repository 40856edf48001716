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

{{- define "gatehouse.serviceAccount" -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- end }}

{{- define "gatehouse.keyEnv" -}}
- { name: GATEHOUSE_MASTER_KEY_FILE, value: /run/secrets/gatehouse/master-key }
- { name: GATEHOUSE_MASTER_KEY_OTHER_FILE, value: /run/secrets/gatehouse/master-key-other }
- { name: GATEHOUSE_DEPLOYMENT_SECRET_FILE, value: /run/secrets/gatehouse/deployment-secret }
{{- end }}
