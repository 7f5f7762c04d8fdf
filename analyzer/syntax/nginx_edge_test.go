package syntax

import (
	"strconv"
	"strings"
	"testing"
)

// nginxEdges are texts and what nginx 1.22.1 answers: "accepted", "LINE: its
// lexical error", or "other: LINE" for an error of another kind.
var nginxEdges = []struct{ name, text, want string }{
	{"empty file", "", "accepted"},
	{"blanks only", " \t\r\n\n", "accepted"},
	{"comment only", "# nothing", "accepted"},
	{"comment without blank", "#a;{}\"'\nevents{}\n", "accepted"},
	{"no last newline", "events{}", "accepted"},
	{"smallest", "events{}\n", "accepted"},
	{"stray semicolon", "events{}\n;\n", "2: unexpected \";\""},
	{"semicolon after block", "events{};\n", "1: unexpected \";\""},
	{"two semicolons", "worker_processes 1;;\nevents{}\n", "1: unexpected \";\""},
	{"block without name", "events{}\n{\n}\n", "2: unexpected \"{\""},
	{"block without name in http", "events{}\nhttp {\n{ }\n}\n", "3: unexpected \"{\""},
	{"close at top level", "events{}\n}\n", "2: unexpected \"}\""},
	{"close at the very start", "}\n", "1: unexpected \"}\""},
	{"one brace too many", "events{}\nhttp {\nserver {\nlocation / { return 204; } }\n}\n}\n", "6: unexpected \"}\""},
	{"words at close", "events { worker_connections 5 }\n", "1: unexpected \"}\""},
	{"words at close on the next line", "events {\n  worker_connections 5\n}\n", "3: unexpected \"}\""},
	{"brace swallowed by a word", "events { worker_connections 5}\n", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"words at close at top level", "worker_processes 1 }\nevents{}\n", "1: unexpected \"}\""},
	{"words at end", "events{}\nworker_processes 1", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"words at end after newline", "events{}\nworker_processes 1\n\n", "4: unexpected end of file, expecting \";\" or \"}\""},
	{"one word at end", "events", "1: unexpected end of file, expecting \";\" or \"}\""},
	{"blank word at end", "events ", "1: unexpected end of file, expecting \";\" or \"}\""},
	{"escape at end", "events \\", "1: unexpected end of file, expecting \";\" or \"}\""},
	{"escape of newline at end", "events \\\n", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"block open at end", "events {\n", "2: unexpected end of file, expecting \"}\""},
	{"blocks open at end", "events{}\nhttp {\nserver {\n", "4: unexpected end of file, expecting \"}\""},
	{"block open at end with comment", "events{}\nhttp { # }\n", "3: unexpected end of file, expecting \"}\""},
	{"words open in a block at end", "events{}\nhttp {\nserver {\nlisten 80", "4: unexpected end of file, expecting \";\" or \"}\""},
	{"quote open at end", "events{}\nuser \"www", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"single quote open at end", "events{}\nuser 'www;\n\n", "4: unexpected end of file, expecting \";\" or \"}\""},
	{"quote open with escape at end", "events{}\nuser \"www\\\"", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"empty quote at end", "events{}\nuser \"", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"closed quote at end", "events{}\nuser \"www\"", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"name in quotes", "\"events\"{}\n", "accepted"},
	{"name in single quotes", "'events' {}\n", "accepted"},
	{"quoted brace is a word", "events{}\nhttp {\nadd_header X \"{\";\n}\n", "accepted"},
	{"quoted semicolon is a word", "events{}\nhttp {\nadd_header X \";\" ;\n}\n", "accepted"},
	{"empty word", "events{}\nhttp {\nadd_header X \"\";\n}\n", "accepted"},
	{"text after quote", "events{}\nhttp {\nadd_header X \"a\"b;\n}\n", "3: unexpected \"b\""},
	{"text after single quote", "events{}\nhttp {\nadd_header X 'a'b;\n}\n", "3: unexpected \"b\""},
	{"quote after quote", "events{}\nhttp {\nadd_header X \"a\"\"b\";\n}\n", "3: unexpected \"\"\""},
	{"comment after quote", "events{}\nhttp {\nadd_header X \"a\"#c\n;\n}\n", "3: unexpected \"#\""},
	{"close after quote", "events { worker_connections \"5\"}\n", "1: unexpected \"}\""},
	{"close after quote and blank", "events { worker_connections \"5\" }\n", "1: unexpected \"}\""},
	{"semicolon after quote", "events { worker_connections \"5\"; }\n", "accepted"},
	{"block after quote", "events{}\nhttp {\nserver {\nlocation \"/\"{ return 204; }\n}\n}\n", "accepted"},
	{"parenthesis after quote", "events{}\nhttp {\nserver {\nif ($host = \"x\") { return 204; }\n}\n}\n", "accepted"},
	{"parenthesis after quote starts a word", "events{}\nuser \"root\");\n", "other: 2"},
	{"parenthesis after quote, then text", "events{}\nhttp {\nserver {\nif ($host = \"x\")y { return 204; }\n}\n}\n", "other: 4"},
	{"parenthesis after quote, then quote", "events{}\nhttp {\nserver {\nif ($host = \"x\")\" { return 204; }\n}\n}\n", "other: 4"},
	{"comma after quote", "events{}\nhttp {\nadd_header X \"a\", \"b\";\n}\n", "3: unexpected \",\""},
	{"backslash after quote", "events{}\nhttp {\nadd_header X \"a\"\\ ;\n}\n", "3: unexpected \"\\\""},
	{"dollar after quote", "events{}\nhttp {\nadd_header X \"a\"$host;\n}\n", "3: unexpected \"$\""},
	{"apostrophe in single quotes", "events{}\nhttp {\nadd_header X 'it's';\n}\n", "3: unexpected \"s\""},
	{"escaped apostrophe", "events{}\nhttp {\nadd_header X 'it\\'s';\n}\n", "accepted"},
	{"quotes in double quotes", "events{}\nhttp {\nadd_header X \"say \"hello\" now\";\n}\n", "3: unexpected \"h\""},
	{"other quote inside", "events{}\nhttp {\nadd_header X \"it's\";\n}\n", "accepted"},
	{"quote inside a plain word", "events{}\nhttp {\nadd_header X a\"b'c;\n}\n", "accepted"},
	{"quote over lines", "events{}\nhttp {\nadd_header X \"a\nb\";\n}\n", "accepted"},
	{"unclosed quote eats a quote", "events{}\nhttp {\nserver {\nset $a \"x;\nset $b \"y\";\n}\n}\n", "5: unexpected \"y\""},
	{"unclosed quote, lines counted", "events{}\nhttp {\nserver {\nset $a \"x;\n\n\n\nset $b \"y\";\n}\n}\n", "8: unexpected \"y\""},
	{"unclosed single quote", "events{}\nhttp {\nserver {\nset $a 'x;\nset $b 'y';\n}\n}\n", "5: unexpected \"y\""},
	{"unclosed quote to the end", "events{}\nhttp {\nserver {\nset $a \"x;\nreturn 204;\n}\n}\n", "8: unexpected end of file, expecting \";\" or \"}\""},
	{"unclosed quote absorbed", "events{}\nhttp {\nserver {\nset $a \"x;\nset $b \" y\";\n}\n}\n", "other: 5"},
	{"hash in a word", "events{}\nhttp {\nserver {\nreturn 200 a#b;\n}\n}\n", "accepted"},
	{"hash after blank", "events{}\nhttp {\nserver {\nreturn 200 #b;\n;\n}\n}\n", "accepted"},
	{"comment between words", "events{}\nhttp {\nserver {\nreturn # code\n200;\n}\n}\n", "accepted"},
	{"comment swallows semicolon", "events{}\nhttp {\nserver {\nreturn 204 # ;\n\n}\n}\n", "6: unexpected \"}\""},
	{"comment swallows close", "events { # }\n}\n", "accepted"},
	{"comment at end", "events{} # no newline", "accepted"},
	{"escaped semicolon", "events{}\nhttp {\nserver {\nreturn 200 a\\;b;\n}\n}\n", "accepted"},
	{"escaped brace", "events{}\nhttp {\nserver {\nreturn 200 a\\{b;\n}\n}\n", "accepted"},
	{"escaped blank", "events{}\nhttp {\nserver {\nreturn 200 a\\ b;\n}\n}\n", "accepted"},
	{"escaped quote starts a word", "events{}\nhttp {\nserver {\nreturn 200 \\\"b;\n}\n}\n", "accepted"},
	{"escaped newline", "events{}\nhttp {\nserver {\nreturn 200 a\\\nb;\n}\n}\n", "accepted"},
	{"escaped backslash", "events{}\nhttp {\nserver {\nreturn 200 a\\\\;\n}\n}\n", "accepted"},
	{"escaped backslash before quote", "events{}\nhttp {\nserver {\nreturn 200 \"a\\\\\";\n}\n}\n", "accepted"},
	{"escaped closing quote", "events{}\nhttp {\nserver {\nreturn 200 \"a\\\";\n\n}\n}\n", "8: unexpected end of file, expecting \";\" or \"}\""},
	{"variable in braces", "events{}\nhttp {\nserver {\nreturn 200 ${host};\n}\n}\n", "accepted"},
	{"variable in braces twice", "events{}\nhttp {\nserver {\nreturn 200 ${host}${uri};\n}\n}\n", "accepted"},
	{"dollar and two braces", "events{}\nhttp {\nserver {\nreturn 200 ${{host;\n}\n}\n", "other: 4"},
	{"dollar, then brace later", "events{}\nhttp {\nserver {\nreturn 200 $x{host;\n}\n}\n", "other: 4"},
	{"dollar, escape, brace", "events{}\nhttp {\nserver {\nreturn 200 $\\{host;\n}\n}\n", "other: 4"},
	{"dollar dollar brace", "events{}\nhttp {\nserver {\nreturn 200 $${host};\n}\n}\n", "other: 4"},
	{"dollar at the end", "events{}\nhttp {\nserver {\nset $a \"x$\";\n}\n}\n", "other: 4"},
	{"brace in a word", "events{}\nhttp {\nserver {\nreturn 200 a}b;\n}\n}\n", "accepted"},
	{"brace starts a word", "events{}\nhttp {\nserver {\nreturn 200 }b;\n}\n}\n", "4: unexpected \"}\""},
	{"repetition in an unquoted regex", "events{}\nhttp {\nserver {\nlocation ~ ^/a{2}$ { return 204; }\n}\n}\n", "other: 4"},
	{"repetition in a quoted regex", "events{}\nhttp {\nserver {\nlocation ~ \"^/a{2}$\" { return 204; }\n}\n}\n", "accepted"},
	{"block directly after a word", "events{}\nhttp {\nserver {\nlocation /a{ return 204; }\n}\n}\n", "accepted"},
	{"if without blank", "events{}\nhttp {\nserver {\nif($host) { return 204; }\n}\n}\n", "other: 4"},
	{"block in a map", "events{}\nhttp {\nmap $host $x {\n default 0;\n a { b c; }\n}\n}\n", "5: unexpected \"{\""},
	{"unquoted regex in a map", "events{}\nhttp {\nmap $host $x {\n ~^a{2}$ 1;\n}\n}\n", "4: unexpected \"{\""},
	{"map never closed", "events{}\nhttp {\nmap $host $x {\n default 0;\nserver {\n listen 80;\n}\n}\n", "5: unexpected \"{\""},
	{"block in types", "events{}\nhttp {\ntypes {\n a b;\n c { }\n}\n}\n", "5: unexpected \"{\""},
	{"block in geo", "events{}\nhttp {\ngeo $x {\n default 0;\n 1.1.1.1 { }\n}\n}\n", "5: unexpected \"{\""},
	{"block in split_clients", "events{}\nhttp {\nsplit_clients $host $x {\n 5% {\n }\n}\n}\n", "4: unexpected \"{\""},
	{"block in charset_map", "events{}\nhttp {\ncharset_map a b {\n 80 {\n }\n}\n}\n", "4: unexpected \"{\""},
	{"words at close of a map", "events{}\nhttp {\nmap $host $x {\n default 0\n}\n}\n", "5: unexpected \"}\""},
	{"semicolon in a map", "events{}\nhttp {\nmap $host $x {\n ;\n}\n}\n", "4: unexpected \";\""},
	{"nameless block in a map", "events{}\nhttp {\nmap $host $x {\n {\n}\n}\n}\n", "4: unexpected \"{\""},
	{"map as a simple directive", "events{}\nhttp {\nmap $host $x;\n}\n", "other: 3"},
	{"quoted map rows", "events{}\nhttp {\nmap $host $x {\n \"{\" \"}\";\n ';' 1;\n}\n}\n", "accepted"},
	{"unknown directive before", "foo;\n}\n", "other: 1"},
	{"unknown directive behind", "events{}\n}\nfoo;\n", "2: unexpected \"}\""},
	{"unknown directive on the line", "events{}\nfoo; }\n", "other: 2"},
	{"wrong context before", "events{}\nserver { }\n}\n", "other: 2"},
	{"CRLF", "events {\r\n}\r\nhttp {\r\n}\r\n", "accepted"},
	{"CRLF and an error", "events {\r\n}\r\n}\r\n", "3: unexpected \"}\""},
	{"CR alone ends no line", "events {\r}\r}\r", "1: unexpected \"}\""},
	{"CR alone ends no comment", "events {} # c\r}\r", "accepted"},
	{"byte order mark", "\xef\xbb\xbfevents{}\n", "other: 1"},
	{"NUL in a word", "events{}\nhttp {\nserver {\nreturn 200 a\x00b;\n}\n}\n", "accepted"},
	{"NUL between words", "events{}\x00\n", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"NUL after a quote", "events{}\nhttp {\nserver {\nreturn 200 \"a\"\x00;\n}\n}\n", "4: unexpected \"\x00\""},
	{"vertical tab is no blank", "events\x0b{}\n", "other: 1"},
	{"form feed is no blank", "events\x0c{}\n", "other: 1"},
	{"no-break space is no blank", "events\xc2\xa0{}\n", "other: 1"},
	{"invalid UTF-8", "events{}\nhttp{add_header X \xff\xfe;}\n", "accepted"},
	{"invalid UTF-8 after a quote", "events{}\nhttp{add_header X \"a\"\xff;}\n", "2: unexpected \"\xff\""},
	{"missing brace in the middle", "events{}\nhttp {\n server {\n  location / {\n   return 204;\n }\n server { }\n}\n", "other: 7"},
	{"missing semicolon takes the next line", "events{}\nhttp {\nserver {\nlisten 80\nserver_name x;\n}\n}\n", "other: 5"},
	{"missing semicolon before a block", "events{}\nhttp {\nserver {\nlisten 80\nlocation / { }\n}\n}\n", "other: 5"},
	{"missing semicolon at the close", "events{}\nhttp {\nserver {\nlisten 80;\nserver_name x\n}\n}\n", "6: unexpected \"}\""},
	{"several words on lines", "events{}\nhttp {\nserver {\nserver_name\n a\n b\n;\n}\n}\n", "accepted"},
	{"comment of 4095 bytes", "events{}\n#" + strings.Repeat("c", 4094) + "\nfoo;\n", "other: 3"},
	{"comment of 4096 bytes", "events{}\n#" + strings.Repeat("c", 4095) + "\nfoo;\n", "2: too long parameter \"#ccccccccc...\" started"},
	{"comment of 4096 bytes at the end", "events{}\n#" + strings.Repeat("c", 4095) + "", "accepted"},
	{"comment of 4097 bytes at the end", "events{}\n#" + strings.Repeat("c", 4096) + "", "2: too long parameter \"#ccccccccc...\" started"},
	{"comment of 4096 bytes with CRLF", "events{}\n#" + strings.Repeat("c", 4094) + "\r\nfoo;\r\n", "2: too long parameter \"#ccccccccc...\" started"},
	{"comment of 4095 bytes with CRLF", "events{}\n#" + strings.Repeat("c", 4093) + "\r\n;\r\n", "3: unexpected \";\""},
	{"word of 4095 bytes", "events{}\nhttp {\nserver {\nreturn 200 " + strings.Repeat("w", 4095) + ";;\n}\n}\n", "4: unexpected \";\""},
	{"word of 4096 bytes", "events{}\nhttp {\nserver {\nreturn 200 " + strings.Repeat("w", 4096) + ";;\n}\n}\n", "4: too long parameter \"wwwwwwwwww...\" started"},
	{"word of 4094 bytes and a blank", "events{}\nhttp {\nserver {\nreturn 200 " + strings.Repeat("w", 4094) + " ;;\n}\n}\n", "4: unexpected \";\""},
	{"word of 4095 bytes and a blank", "events{}\nhttp {\nserver {\nreturn 200 " + strings.Repeat("w", 4095) + " ;;\n}\n}\n", "4: too long parameter \"wwwwwwwwww...\" started"},
	{"word of 4095 bytes and a newline", "events{}\nhttp {\nserver {\nreturn 200 " + strings.Repeat("w", 4095) + "\n;;\n}\n}\n", "4: too long parameter \"wwwwwwwwww...\" started"},
	{"word of 4095 bytes and a block", "events{}\nhttp {\nserver {\nlocation " + strings.Repeat("/", 4095) + "{ ; }\n}\n}\n", "4: unexpected \";\""},
	{"word of 4096 bytes at the end", "events{}\nuser " + strings.Repeat("w", 4096) + "", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"word of 4097 bytes at the end", "events{}\nuser " + strings.Repeat("w", 4097) + "", "2: too long parameter \"wwwwwwwwww...\" started"},
	{"word of 4095 bytes and a blank at the end", "events{}\nuser " + strings.Repeat("w", 4095) + " ", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"quoted word of 4094 bytes", "events{}\nhttp {\nserver {\nreturn 200 \"" + strings.Repeat("q", 4094) + "\";;\n}\n}\n", "4: unexpected \";\""},
	{"quoted word of 4095 bytes: the quote is byte 4096", "events{}\nhttp {\nserver {\nreturn 200 \"" + strings.Repeat("q", 4095) + "\";;\n}\n}\n", "4: too long parameter \"qqqqqqqqqq...\" started"},
	{"quoted word of 4096 bytes", "events{}\nhttp {\nserver {\nreturn 200 \"" + strings.Repeat("q", 4096) + "\";;\n}\n}\n", "4: too long parameter, probably missing terminating \"\"\" character"},
	{"quoted word of 4093 bytes and a blank", "events{}\nhttp {\nserver {\nreturn 200 \"" + strings.Repeat("q", 4093) + "\" ;;\n}\n}\n", "4: unexpected \";\""},
	{"quoted word of 4094 bytes and a blank", "events{}\nhttp {\nserver {\nreturn 200 \"" + strings.Repeat("q", 4094) + "\" ;;\n}\n}\n", "4: too long parameter \"qqqqqqqqqq...\" started"},
	{"single-quoted word of 4096 bytes", "events{}\nhttp {\nserver {\nreturn 200 '" + strings.Repeat("q", 4096) + "';;\n}\n}\n", "4: too long parameter, probably missing terminating \"'\" character"},
	{"quoted word of 4094 bytes and text", "events{}\nhttp {\nserver {\nreturn 200 \"" + strings.Repeat("q", 4094) + "\"x;\n}\n}\n", "4: unexpected \"x\""},
	{"unclosed quote of 4096 bytes at the end", "events{}\nuser \"" + strings.Repeat("q", 4096) + "", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"unclosed quote of 4097 bytes at the end", "events{}\nuser \"" + strings.Repeat("q", 4097) + "", "2: too long parameter, probably missing terminating \"\"\" character"},
	{"quoted word of 4095 bytes at the end", "events{}\nuser \"" + strings.Repeat("q", 4095) + "\"", "2: unexpected end of file, expecting \";\" or \"}\""},
	{"long quote over lines", "events{}\nhttp {\nserver {\nreturn 200 \"" + strings.Repeat("q\n", 2100) + "\";\n}\n}\n", "4: too long parameter, probably missing terminating \"\"\" character"},
	{"long blanks", "events{}\n" + strings.Repeat(" ", 9000) + ";\n", "2: unexpected \";\""},
	{"long escapes", "events{}\nhttp {\nserver {\nreturn 200 " + strings.Repeat("\\;", 2100) + ";\n}\n}\n", "4: too long parameter \"\\;\\;\\;\\;\\;...\" started"},
	{"many words", "events{}\nhttp {\nserver {\nserver_name " + strings.Repeat("a.b ", 3000) + ";;\n}\n}\n", "4: unexpected \";\""},
	{"too long after an earlier error", "foo;\nuser \"" + strings.Repeat("q", 5000) + "\";\n", "other: 1"},
	{"two mistakes", "events{}\nhttp {\nserver {\nset $a \"x\"y;\n;\n}\n}\n", "4: unexpected \"y\""},
}

// The first lexical error has nginx's own text and line; where nginx accepts,
// there is none, and where it fails otherwise, none before that line.
func TestNginxEdges(t *testing.T) {
	for _, c := range nginxEdges {
		if diff := nginxCompare(c.text, nginxStored(t, c.want)); diff != "" {
			t.Errorf("%s: %q\nnginx: %s\n%s", c.name, c.text, c.want, diff)
		}
	}
	if len(nginxEdges) < 90 {
		t.Errorf("only %d cases", len(nginxEdges))
	}
}

// What is stored is what nginx says.
func TestNginxEdgesProof(t *testing.T) {
	ask := nginxOracle(t)
	for _, c := range nginxEdges {
		if got := ask(c.text).String(); got != c.want {
			t.Errorf("%s: %q\nnginx: %s\nstored: %s", c.name, c.text, got, c.want)
		}
	}
}

// nginxStored reads an answer as it is written in the table.
func nginxStored(t *testing.T, s string) nginxAnswer {
	t.Helper()
	if s == "accepted" {
		return nginxAnswer{accepted: true}
	}
	kind, rest, ok := strings.Cut(s, ": ")
	if !ok {
		t.Fatalf("bad answer %q", s)
	}
	if kind == "other" {
		line, err := strconv.Atoi(rest)
		if err != nil {
			t.Fatal(err)
		}
		return nginxAnswer{line: line}
	}
	line, err := strconv.Atoi(kind)
	if err != nil {
		t.Fatal(err)
	}
	return nginxAnswer{lexical: true, message: rest, line: line}
}
