#compdef nginx-lint
# zsh completion of nginx-lint, as `nginx-lint completion zsh` prints it.

_nginx_lint_rules() {
    local -a rules=(
{{- range .Rules}}
        {{quote (printf "%s:%s" .Name .About)}}
{{- end}}
    )
    _describe -t rules rule rules "$@"
}

_nginx_lint_revisions() {
    local -a revisions=(${(f)"$(git for-each-ref --format='%(refname:short)' 2>/dev/null)"})
    _wanted revisions expl revision compadd -a revisions
}

_nginx_lint_first() {
    local -a commands=(
{{- range .Commands}}
        {{quote (printf "%s:%s" .Name .About)}}
{{- end}}
    )
    _alternative 'commands:command:{ _describe -t commands command commands }' 'files:file:_files'
}

_nginx_lint() {
    local command word value
    integer i
    # The command is the first word that is neither a flag nor a flag's value.
    for ((i = 2; i < CURRENT; i++)); do
        word=$words[i]
        if [[ -n $value ]]; then
            value=
            continue
        fi
        case $word in
        --) command=paths ;;
{{- range .Valued}}
        {{.}}) value=yes ;;
{{- end}}
        -?*) ;;
        *) command=$word ;;
        esac
        [[ -z $command ]] || break
    done

    local -a check=(
{{- range .Check}}{{range specs .}}
        {{quote .}}
{{- end}}{{end}}
    )
    case $command in
    '') _arguments -s -S $check '1:command or path:_nginx_lint_first' '*:path:_files' ;;
{{- range .Commands}}
    {{.Name}})
        _arguments -S {{range .Flags}}{{range specs .}}{{quote .}} \
            {{end}}{{end}}'1: :()'{{with .Operand}}{{if .Name}} {{quote (printf "2:%s:%s" .Name (action .))}}{{end}}{{end}}
        ;;
{{- end}}
    *) _arguments -s -S $check '*:path:_files' ;;
    esac
}

if [[ $funcstack[1] == _nginx-lint ]]; then
    _nginx_lint "$@" # as a file of the function path
else
    compdef _nginx_lint nginx-lint
fi
