{{- define "value"}}
    {{- if eq .From "words"}} -a '{{names .Words}}'
    {{- else if eq .From "rules"}} -a '(__nginx_lint_rules)'
    {{- else if eq .From "rule list"}} -a '(__nginx_lint_rule_list)'
    {{- else if eq .From "folders"}} -a '(__fish_complete_directories)'
    {{- else if eq .From "users"}} -a '(__fish_complete_users)'
    {{- else if eq .From "revisions"}} -a '(git for-each-ref --format="%(refname:short)" 2>/dev/null)'
    {{- end}}
{{- end}}
{{- define "flag"}}
    {{- if .Short}} -s {{.Short}}{{end}} -l {{.Name}}
    {{- if .Optional}} -f{{template "value" .Value}}
    {{- else if not .Valued}} -f
    {{- else if or (eq .Value.From "files") (eq .Value.From "path map")}} -r -F
    {{- else}} -x{{template "value" .Value}}
    {{- end}} -d {{quote .About}}
{{- end -}}
# fish completion of nginx-lint, as `nginx-lint completion fish` prints it.

# Whether what stands before the cursor is one of the patterns: the command, "/", and
# how many operands it has. Without a command that is "paths" behind "--" or a path.
function __nginx_lint_at
    set -l words (commandline -opc)
    set -l command
    set -l operands 0
    set -l value
    set -l dashes
    for word in $words[2..-1]
        if set -q value[1]
            set -e value
        else if test -z "$dashes" -a "$word" = --
            set dashes yes
            set -q command[1]; or set command paths
        else if test -z "$dashes"; and string match -q -- '-?*' $word
            contains -- $word{{range .Valued}} {{.}}{{end}}; and set value yes
        else if set -q command[1]
            set operands (math $operands + 1)
        else if contains -- $word{{range .Commands}} {{.Name}}{{end}}
            set command $word
        else
            set command paths
        end
    end
    for pattern in $argv
        string match -q -- $pattern "$command/$operands"; and return
    end
    return 1
end

function __nginx_lint_rules
    printf '%s\t%s\n'
{{- range .Rules}} \
        {{.Name}} {{quote .About}}
{{- end}}
end

# A rule behind those before the last comma.
function __nginx_lint_rule_list
    set -l before (commandline -ct | string replace -r -- '^--[^=]*=' '' | string match -r -- '.*,')
    __nginx_lint_rules | string replace -r -- '^' "$before"
end

complete -c nginx-lint -f
complete -c nginx-lint -n '__nginx_lint_at /0 "paths/*"; and not string match -q -- "-*" (commandline -ct)' -F
{{- range .Commands}}
complete -c nginx-lint -n '__nginx_lint_at /0' -a {{.Name}} -d {{quote .About}}
{{- end}}
{{range .Check}}
complete -c nginx-lint -n '__nginx_lint_at /0 "paths/*"'{{template "flag" .}}
{{- end}}
{{- range $c := .Commands}}
{{range .Flags}}
complete -c nginx-lint -n '__nginx_lint_at "{{$c.Name}}/*"'{{template "flag" .}}
{{- end}}
{{- if .Operand.Words}}{{range .Operand.Words}}
complete -c nginx-lint -n '__nginx_lint_at {{$c.Name}}/0' -a {{.Name}}{{if .About}} -d {{quote .About}}{{end}}
{{- end}}
{{- else if .Operand.Name}}
complete -c nginx-lint -n '__nginx_lint_at {{$c.Name}}/0'{{template "value" .Operand}}
{{- end}}
{{- end}}
