{{- /* The whole name of an image of drone-mcp: (dict "root" $ "name" "drone-mcp-dev") */ -}}
{{- define "drone-mcp.image" -}}
{{- with .root.Values.images.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .name }}:{{ .root.Values.images.tag | default .root.Chart.AppVersion }}
{{- end }}
