package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/rules"
)

// A specification is what a rule is to be: the severities that it may use, the
// fixes that it offers (the driver may make one less safe), and when it is off.
type specification struct {
	id         string
	severities string
	fixes      string // "" for none
	off        string // "", "off", or "info off": its infos only
}

var specified = []specification{
	// Targets and listeners
	{"target-no-listener", "error warning", "safe unsafe manual", ""},
	{"target-port-missing", "error warning", "safe", ""},             // a warning where another server answers, or nginx itself
	{"target-protocol-mismatch", "error warning", "safe manual", ""}, // a warning where another server answers, or nginx itself
	{"target-tls-mismatch", "error warning", "safe", ""},             // a warning where another server answers, or nginx itself
	{"target-proxy-protocol", "error warning", "", ""},               // a warning where another server answers, or nginx itself
	{"target-http2", "error warning", "manual", ""},                  // a warning where another server answers, or nginx itself
	{"target-localhost-dual-stack", "info warning", "safe unsafe", ""},
	{"target-resolver-missing", "error", "safe manual", ""},
	{"target-scheme-missing", "error", "manual", ""},
	{"proxy-loop", "error", "", ""},
	{"upstream-all-down", "error warning", "", ""}, // a warning where another server answers, or nginx itself
	{"upstream-dead-member", "warning", "manual", ""},
	{"upstream-single-max-fails", "info", "", ""},
	{"backend-keepalive-race", "warning", "manual", ""},
	{"websocket-http10", "warning", "safe", ""},
	{"listen-family-conflict", "error", "safe", ""},
	{"listen-without-ssl", "warning", "safe", ""},
	{"server-unreachable", "warning", "", ""},
	{"socket-permission", "error warning", "safe manual", ""},
	{"socket-path-too-long", "error", "", ""},
	{"socket-in-private-tmp", "error info", "manual", ""},
	// Compose projects
	{"compose-unknown-host", "error", "unsafe", ""},
	{"compose-loopback-target", "error warning", "unsafe", ""}, // a warning where another server answers, or nginx itself
	{"compose-fpm-loopback-listen", "error warning", "safe unsafe", ""},
	{"compose-wrong-port", "error warning", "unsafe", ""},  // a warning where another server answers, or nginx itself
	{"compose-socket-not-shared", "error warning", "", ""}, // a warning where another server answers, or nginx itself
	{"compose-docroot-mismatch", "warning", "", ""},
	{"template-default-syntax", "error", "manual", ""},
	// PHP-FPM pools
	{"fpm-config", "error", "safe manual", ""},
	{"fpm-listen-syntax", "error", "safe manual", ""},
	{"fpm-listen-overlap", "error", "", ""},
	{"fpm-listen-two-masters", "error", "", ""},
	{"fpm-pool-redefined", "error info", "", ""},
	{"fpm-duplicate-key", "error warning", "safe", ""}, // an error where nginx connects to a listen that lost
	{"fpm-allowed-clients", "error warning", "safe unsafe", ""},
	{"fpm-time-value", "error info", "safe manual", ""},
	{"fpm-timeouts-disabled", "warning", "manual", ""},
	{"fpm-comment-hash", "error", "safe", ""},
	{"fpm-limit-extensions", "error warning", "safe manual", ""},
	{"fpm-backlog", "warning", "unsafe", ""},
	{"fpm-reload-drops-requests", "info", "unsafe", "off"},
	{"fpm-chroot-script", "warning", "manual", ""},
	{"fpm-open-basedir", "warning", "manual", ""},
	{"fpm-keepalive-starves", "warning", "manual", ""},
	{"fpm-terminate-off", "info", "", "off"},
	{"php-value-leaks", "warning", "manual", ""},
	// Timeouts
	{"timeout-nginx-gives-up-first", "warning", "safe unsafe", ""},
	{"timeout-race", "warning", "safe unsafe", ""},
	{"timeout-fpm-kills-first", "warning", "unsafe manual", ""},
	{"timeout-worker-kills-first", "warning", "manual", ""}, // the same of gunicorn and uWSGI
	{"timeout-php-limit", "warning info", "manual", ""},
	{"timeout-zero", "error warning", "manual", ""},
	{"timeout-dead-directive", "warning", "manual", ""},
	{"timeout-next-upstream", "info", "manual", "off"},
	// Buffers and sizes
	{"buffer-sizes", "error", "safe", ""},
	{"uwsgi-buffer-size", "warning", "manual", ""},
	{"body-size-mismatch", "warning", "unsafe", ""},
	{"body-size-entry-location", "warning", "unsafe", ""},
	{"php-size-value", "error", "safe", ""},
	{"worker-capacity", "error warning info", "safe", "info off"},
	// FastCGI parameters and routing
	{"fastcgi-params-lost", "error warning", "safe", ""},
	{"fastcgi-alias-script", "error", "safe", ""},
	{"fastcgi-duplicate-param", "info", "safe", ""},
	{"fastcgi-index-missing", "warning", "safe", ""},
	{"fastcgi-path-info", "warning", "unsafe", ""},
	{"php-location-static", "error", "manual", ""},
	{"php-location-shadowed", "error warning", "manual", ""},
	{"php-source-exposed", "warning info", "manual", "info off"},
	{"error-page-same-backend", "warning", "", ""},
	{"error-page-missing", "warning", "", ""},
}

// reading are the rules about reading, and about what the servers' own tests refuse.
var reading = strings.Fields(`
	broken-link deprecated directive-arguments directive-context directive-duplicate directive-value ignore-comment
	include-cycle include-missing listen-conflict location-conflict missing-semicolon nginx-config nginx-warning
	read-limit regex-invalid syntax undefined-reference unknown-directive upstream-invalid
`)

// TestSpecified compares the rules with what they are to be.
func TestSpecified(t *testing.T) {
	t.Parallel()
	found := map[string]*analyzer.Rule{}
	for _, r := range rules.All() {
		found[r.ID] = r
		if !slices.ContainsFunc(specified, func(s specification) bool { return s.id == r.ID }) && !slices.Contains(reading, r.ID) {
			t.Errorf("%s is not specified", r.ID)
		}
	}
	for _, s := range specified {
		if r := found[s.id]; r == nil {
			t.Errorf("%s is missing", s.id)
		} else {
			checkSpecified(t, s, r)
		}
	}
}

func checkSpecified(t *testing.T, s specification, r *analyzer.Rule) {
	t.Helper()
	if want, got := strings.Fields(s.severities), words(r.Severities); !sameWords(want, got) {
		t.Errorf("%s has severities %v, specified are %v", s.id, got, want)
	}
	if want, got := s.off == "off", r.Off; want != got {
		t.Errorf("%s: off is %t, specified %t", s.id, got, want)
	}
	if want, got := s.off == "info off", r.InfoOff; want != got {
		t.Errorf("%s: info off is %t, specified %t", s.id, got, want)
	}
	want, got := strings.Fields(s.fixes), words(r.Safeties)
	if len(want) == 0 && len(got) > 0 {
		t.Errorf("%s offers fixes %v, specified are none", s.id, got)
	}
	for _, safety := range want {
		if !slices.Contains(got, safety) {
			t.Errorf("%s offers no %s fix, as is specified", s.id, safety)
		}
	}
	if slices.Contains(got, "safe") && !slices.Contains(want, "safe") {
		t.Errorf("%s offers safe fixes, specified are %v", s.id, want)
	}
}

func words[T fmt.Stringer](values []T) []string {
	var words []string
	for _, v := range values {
		words = append(words, v.String())
	}
	return words
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
