{{- define "value"}}
    {{- if eq .From "words"}}kind=words words='{{names .Words}}'
    {{- else if eq .From "rules"}}kind=words words=$rules
    {{- else if eq .From "rule list"}}kind=list words=$rules
    {{- else if eq .From "path map"}}kind=files
    {{- else if eq .From "revisions"}}kind=words words=$(git for-each-ref --format='%(refname:short)' 2>/dev/null)
    {{- else}}kind={{.From}}
    {{- end}}
{{- end -}}
# bash completion of nginx-lint, as `nginx-lint completion bash` prints it.

_nginx_lint() {
    local cur=${COMP_WORDS[COMP_CWORD]} command='' operands=0 flag='' last='' dashes='' prefix='' kind='' words='' word i
    local rules='
{{- range .Rules}}
        {{.Name}}
{{- end}}'
    COMPREPLY=()

    # What stands before the cursor: the command, how many operands it has, the flag
    # that the next word is a value of. Readline makes a word of its own of each "=".
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = ]]; then
            flag=$last
        elif [[ -n $flag ]]; then
            flag='' last='='
        elif [[ -z $dashes && $word == -- ]]; then
            dashes=yes last='='
        elif [[ -z $dashes && $word == -?* ]]; then
            last=$word
            case $word in
{{- range .Valued}}
            {{.}}) flag=$word ;;
{{- end}}
            esac
        elif [[ -n $command ]]; then
            ((operands++))
            last='='
        else
            command=paths last='='
            case $dashes$word in
{{- range .Commands}}
            {{.Name}}) command=$word ;;
{{- end}}
            esac
        fi
    done
    if [[ $cur == = ]]; then
        flag=$last cur=''
    elif [[ -z $dashes && -z $flag && $cur == --*=* ]]; then # where readline does not
        flag=${cur%%=*} prefix=${cur%%=*}= cur=${cur#*=}
    fi

    case $command$flag in
    "$command")
        if [[ -z $dashes && $cur == -* ]]; then
            kind=words
            case $command in
{{- range .Commands}}
            {{.Name}}) words='{{range .Flags}}--{{.Name}} {{end}}' ;;
{{- end}}
            *) words='{{range .Check}}{{if .Short}}-{{.Short}} {{end}}--{{.Name}} {{end}}' ;;
            esac
        else
            case $command$operands$dashes in
            0) kind=operand words='{{range .Commands}}{{.Name}} {{end}}' ;;
{{- range .Commands}}{{if .Operand.Name}}
            {{.Name}}0*) {{template "value" .Operand}} ;;
{{- end}}{{end}}
            0yes | paths*) kind=files ;;
            esac
        fi
        ;;
{{- range $c := .Commands}}{{range .Flags}}{{if .Own}}
    {{$c.Name}}--{{.Name}}) {{template "value" .Value}} ;;
{{- end}}{{end}}{{end}}
{{- range .Check}}{{if or .Valued .Optional}}
    *--{{.Name}}) {{template "value" .Value}} ;;
{{- end}}{{end}}
    *=) kind=files ;; # in the name of a file, or in what a flag maps
    esac

    case $kind in
    words) mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$cur") ;;
    list)
        prefix+=${cur%"${cur##*,}"}
        mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "${cur##*,}")
        ;;
    users) mapfile -t COMPREPLY < <(compgen -P "$prefix" -u -- "$cur") ;;
    operand)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; compgen -f -- "$cur")
        ;;
    files)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -P "$prefix" -f -- "$cur")
        ;;
    folders)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -P "$prefix" -d -- "$cur")
        ;;
    esac
}

complete -F _nginx_lint nginx-lint
