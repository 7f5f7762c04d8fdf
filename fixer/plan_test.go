package fixer

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// A toy is a linter of words: each rule finds a pattern in each file, or a group of it.
type toy struct {
	files map[string]string
	rules []toyRule
	runs  int
}

type toyRule struct {
	id       string
	pattern  string
	severity diag.Severity
	fixes    func(at source.Span, all map[string]*source.File) []diag.Fix
}

func (l *toy) check(texts map[string]string) (*diag.Report, error) {
	l.runs++
	all := map[string]*source.File{}
	report := &diag.Report{}
	for _, name := range slices.Sorted(maps.Keys(l.files)) {
		text, ok := texts[name]
		if !ok {
			text = l.files[name]
		}
		if strings.Contains(text, "unreadable") {
			return nil, fmt.Errorf("%s is unreadable", name)
		}
		if strings.Contains(text, "failure") {
			report.Failures = append(report.Failures, diag.Failure{Path: name, Err: errors.New("failed")})
		}
		report.LimitReached = report.LimitReached || strings.Contains(text, "limit")
		if !strings.Contains(text, "binary") {
			all[name] = source.NewFile(name, text)
			report.Files = append(report.Files, all[name])
		}
	}
	for _, r := range l.rules {
		for _, f := range report.Files {
			for _, m := range regexp.MustCompile(r.pattern).FindAllStringSubmatchIndex(f.Text, -1) {
				m = m[len(m)-2:]
				at := source.Span{File: f, Start: m[0], End: m[1]}
				finding := diag.Finding{Rule: r.id, Severity: r.severity, Summary: "found", Subject: diag.Label{Span: at}}
				if r.fixes != nil {
					finding.Fixes = r.fixes(at, all)
				}
				report.Findings = append(report.Findings, finding)
			}
		}
	}
	slices.SortStableFunc(report.Findings, func(a, b diag.Finding) int { return a.Subject.Span.Compare(b.Subject.Span) })
	return report, nil
}

func (l *toy) plan(t *testing.T, o Options) *Result {
	t.Helper()
	report, err := l.check(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.runs = 0
	o.Check = l.check
	o.SyntaxRule = "syntax"
	return Plan(report, o)
}

// replace is a safe fix that writes something in place of what was found.
func replace(with string) func(source.Span, map[string]*source.File) []diag.Fix {
	return func(at source.Span, _ map[string]*source.File) []diag.Fix {
		return []diag.Fix{one("write "+with, diag.Safe, at, with)}
	}
}

func one(title string, safety diag.Safety, at source.Span, with string) diag.Fix {
	return diag.Fix{Title: title, Safety: safety, Edits: []diag.Edit{{Span: at, NewText: with}}}
}

func before(at source.Span) source.Span {
	at.End = at.Start
	return at
}

func TestPlan(t *testing.T) {
	t.Parallel()
	ladder := func(s string) string {
		return regexp.MustCompile(`\d`).ReplaceAllStringFunc(s, func(d string) string { return string(d[0] + 1) })
	}
	for _, test := range []struct {
		name  string
		files map[string]string
		rules []toyRule
		o     Options
		// What comes of it: files that changed, fixes, and parts of what is said of refused ones.
		want  map[string]string
		fixed int
		bugs  []string
		runs  int
	}{
		{
			name:  "nothing to fix",
			files: map[string]string{"a": "good\n"},
			rules: []toyRule{{"r", "bad", diag.Error, replace("good")}},
			runs:  0,
		},
		{
			name:  "all of one file in one round",
			files: map[string]string{"a": "bad bad\r\nbad", "b": "good"},
			rules: []toyRule{{"r", "bad", diag.Error, replace("good")}},
			want:  map[string]string{"a": "good good\r\ngood"}, fixed: 3, runs: 1,
		},
		{
			name:  "unsafe and manual fixes are left",
			files: map[string]string{"a": "u m"},
			rules: []toyRule{
				{"r", "u", diag.Error, func(at source.Span, _ map[string]*source.File) []diag.Fix {
					return []diag.Fix{one("x", diag.Unsafe, at, "U")}
				}},
				{"s", "m", diag.Error, func(at source.Span, _ map[string]*source.File) []diag.Fix {
					return []diag.Fix{one("x", diag.Manual, at, "M")}
				}},
			},
		},
		{
			name:  "unsafe ones are made on demand, manual ones never",
			files: map[string]string{"a": "u m"},
			rules: []toyRule{
				{"r", "u", diag.Error, func(at source.Span, _ map[string]*source.File) []diag.Fix {
					return []diag.Fix{one("x", diag.Unsafe, at, "U")}
				}},
				{"s", "m", diag.Error, func(at source.Span, _ map[string]*source.File) []diag.Fix {
					return []diag.Fix{one("x", diag.Manual, at, "M")}
				}},
			},
			o: Options{Unsafe: true}, want: map[string]string{"a": "U m"}, fixed: 1, runs: 1,
		},
		{
			name:  "the safest first, then the first",
			files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Error, func(at source.Span, _ map[string]*source.File) []diag.Fix {
				return []diag.Fix{one("1", diag.Unsafe, at, "1"), one("2", diag.Safe, at, "2"), one("3", diag.Safe, at, "3")}
			}}},
			o: Options{Unsafe: true}, want: map[string]string{"a": "2"}, fixed: 1, runs: 1,
		},
		{
			name:  "not what is not wanted",
			files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Info, replace("good")}},
			o:     Options{Wanted: func(f *diag.Finding) bool { return f.Severity > diag.Info }},
		},
		{
			name:  "equal edits are one",
			files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Error, replace("good")}, {"s", "bad", diag.Warning, replace("good")}},
			want:  map[string]string{"a": "good"}, fixed: 2, runs: 1,
		},
		{
			name:  "insertions at one point clash, and the second comes in the next round",
			files: map[string]string{"a": "bad"},
			rules: []toyRule{
				{"r", "^b", diag.Error, func(at source.Span, _ map[string]*source.File) []diag.Fix {
					return []diag.Fix{one("x", diag.Safe, before(at), "1")}
				}},
				{"s", "^1?b", diag.Error, func(at source.Span, _ map[string]*source.File) []diag.Fix {
					return []diag.Fix{one("x", diag.Safe, before(at), "2")}
				}},
			},
			want: map[string]string{"a": "21bad"}, fixed: 2, runs: 2,
		},
		{
			name:  "overlapping edits clash, whole fixes wait",
			files: map[string]string{"a": "abcd", "b": "old"},
			rules: []toyRule{
				{"r", "abc", diag.Error, replace("x")},
				{"s", "[cx]d", diag.Error, func(at source.Span, all map[string]*source.File) []diag.Fix {
					fix := one("both", diag.Safe, at, "y")
					fix.Edits = append(fix.Edits, diag.Edit{Span: source.Span{File: all["b"], End: 3}, NewText: "new" + strings.ToUpper(at.Text())})
					return []diag.Fix{fix}
				}},
			},
			want: map[string]string{"a": "y", "b": "newXD"}, fixed: 2, runs: 2,
		},
		{
			name:  "a fix that brings an error is undone, the others stay",
			files: map[string]string{"a": "bad1 bad2 bad3 bad4"},
			rules: []toyRule{
				{"r", `bad\d`, diag.Warning, func(at source.Span, _ map[string]*source.File) []diag.Fix {
					return []diag.Fix{one("x", diag.Safe, at, map[string]string{"bad3": "worse"}[at.Text()])}
				}},
				{"s", "worse", diag.Error, nil},
			},
			want: map[string]string{"a": "  bad3 "}, fixed: 3, bugs: []string{`r at a:1: the fix "x" was not applied: it would bring an error of s in a`}, runs: 5,
		},
		{
			name:  "then another fix of the finding is tried",
			files: map[string]string{"a": "bad"},
			rules: []toyRule{
				{"r", `bad`, diag.Warning, func(at source.Span, _ map[string]*source.File) []diag.Fix {
					return []diag.Fix{one("x", diag.Safe, at, "worse"), one("y", diag.Safe, at, "good")}
				}},
				{"s", "worse", diag.Error, nil},
			},
			want: map[string]string{"a": "good"}, fixed: 1, bugs: []string{"an error of s"}, runs: 2,
		},
		{
			name:  "an error that was there before is no new one, wherever it moves",
			files: map[string]string{"a": "bad\nworse   x"},
			rules: []toyRule{{"r", "bad", diag.Warning, replace("\n\ngood")}, {"s", `worse\s+x`, diag.Error, nil}},
			want:  map[string]string{"a": "\n\ngood\nworse   x"}, fixed: 1, runs: 1,
		},
		{
			name:  "nor one that its rule kept back",
			files: map[string]string{"a": "bad1 and bad2"},
			rules: []toyRule{
				{"r", `bad1`, diag.Error, replace("good")}, {"r", `good and (bad2)`, diag.Error, replace("good")},
			},
			want: map[string]string{"a": "good and good"}, fixed: 2, runs: 2,
		},
		{
			name:  "but for one of the very words that were written",
			files: map[string]string{"a": "bad1 and bad2"},
			rules: []toyRule{
				{"r", `bad1`, diag.Error, replace("good")}, {"r", `good`, diag.Error, replace("good")},
			},
			bugs: []string{"an error of r"}, runs: 1,
		},
		{
			name:  "nor is there more than one for each that went",
			files: map[string]string{"a": "bad1 and bad2, bad3"},
			rules: []toyRule{
				{"r", `bad1`, diag.Error, replace("good")}, {"r", `good and (bad2)`, diag.Error, nil}, {"r", `good and bad2, (bad3)`, diag.Error, nil},
			},
			bugs: []string{"an error of r"}, runs: 1,
		},
		{
			name:  "a second one is",
			files: map[string]string{"a": "bad worse"},
			rules: []toyRule{{"r", "bad", diag.Warning, replace("worse")}, {"s", "worse", diag.Error, nil}},
			bugs:  []string{"an error of s"}, runs: 1,
		},
		{
			name:  "a warning that becomes an error is",
			files: map[string]string{"a": "bad soso"},
			rules: []toyRule{
				{"r", "bad", diag.Warning, replace("good")},
				{"s", "^bad soso|soso", diag.Warning, nil},
				{"s", "good soso", diag.Error, nil},
			},
			bugs: []string{"an error of s"}, runs: 1,
		},
		{
			name:  "a finding in other words where it was is no new one, but for that which was to go",
			files: map[string]string{"a": "x badly   bad and bad2"},
			rules: []toyRule{
				{"r", `\bbad\b`, diag.Warning, replace("good")},
				{"s", `(?:bad|good) and \w+`, diag.Error, nil},
				{"z", `bad\d`, diag.Error, replace("bad3")},
			},
			want: map[string]string{"a": "x badly   good and bad2"}, fixed: 1, bugs: []string{"an error of z"}, runs: 3,
		},
		{
			name: "what cannot be checked is undone", files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Warning, replace("unreadable")}},
			bugs:  []string{"cannot be checked: a is unreadable"}, runs: 1,
		},
		{
			name: "so is what is not read any more", files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Warning, replace("binary")}},
			bugs:  []string{"a would not be read"}, runs: 1,
		},
		{
			name: "a new failure", files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Warning, replace("failure")}},
			bugs:  []string{"a could not be checked any more"}, runs: 1,
		},
		{
			name: "a limit", files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Warning, replace("limit")}},
			bugs:  []string{"a limit of reading"}, runs: 1,
		},
		{
			name:  "a broken file is made readable first; what comes to light then is fixed next",
			files: map[string]string{"a": "( bad", "b": "bad"},
			rules: []toyRule{
				{"syntax", `^\(`, diag.Error, replace("")},
				{"r", `bad`, diag.Error, replace("good")},
				{"s", `^ bad`, diag.Error, nil},
			},
			want: map[string]string{"a": " good", "b": "good"}, fixed: 3, runs: 2,
		},
		{
			name:  "a fix that leaves a file as broken as it was",
			files: map[string]string{"a": "( bad"},
			rules: []toyRule{{"syntax", `^[(\[]`, diag.Error, replace("[")}},
			bugs:  []string{"a would be no easier to read"}, runs: 1,
		},
		{
			name:  "a fix that breaks a file",
			files: map[string]string{"a": "bad"},
			rules: []toyRule{{"syntax", `\(`, diag.Error, nil}, {"r", `bad`, diag.Error, replace("(")}},
			bugs:  []string{"an error of syntax"}, runs: 1,
		},
		{
			name:  "rules that undo each other change nothing, the others do",
			files: map[string]string{"a": "on bad"},
			rules: []toyRule{
				{"r", "on", diag.Warning, replace("off")}, {"s", "off", diag.Warning, replace("on")}, {"z", "bad", diag.Warning, replace("good")},
			},
			want: map[string]string{"a": "on good"}, fixed: 1,
			bugs: []string{`s at a:1: the fix "write on" was not applied: its rule`, "r at a:1: "},
		},
		{
			name:  "a rule that never has enough changes nothing",
			files: map[string]string{"a": "x bad"},
			rules: []toyRule{{"r", "^x+", diag.Warning, func(at source.Span, _ map[string]*source.File) []diag.Fix {
				return []diag.Fix{one("longer", diag.Safe, at, at.Text()+"x")}
			}}, {"z", "bad", diag.Warning, replace("good")}},
			want: map[string]string{"a": "x good"}, fixed: 1, bugs: []string{`r at a:1: the fix "longer"`},
		},
		{
			name:  "ten rounds are allowed",
			files: map[string]string{"a": "x0"},
			rules: []toyRule{{"r", "x[0-9]", diag.Warning, func(at source.Span, _ map[string]*source.File) []diag.Fix {
				return []diag.Fix{one("next", diag.Safe, at, ladder(at.Text()))}
			}}},
			want: map[string]string{"a": "x:"}, fixed: 10, runs: 10,
		},
		{
			name:  "fixes that are wrong in themselves",
			files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Warning, func(at source.Span, _ map[string]*source.File) []diag.Fix {
				other := source.NewFile("elsewhere", "x")
				return []diag.Fix{
					{Title: "none", Safety: diag.Safe},
					one("nowhere", diag.Safe, source.Span{}, "x"),
					one("same", diag.Safe, at, at.Text()),
					one("not read", diag.Safe, source.Span{File: other}, "x"),
					one("another text", diag.Safe, source.Span{File: source.NewFile("a", "other")}, "x"),
					one("outside", diag.Safe, source.Span{File: at.File, Start: 3, End: 4}, "x"),
					one("negative", diag.Safe, source.Span{File: at.File, Start: -1, End: 1}, "x"),
					one("reversed", diag.Safe, source.Span{File: at.File, Start: 2, End: 1}, "x"),
					{Title: "overlap", Safety: diag.Safe, Edits: []diag.Edit{{Span: at, NewText: "x"}, {Span: source.Span{File: at.File, Start: 2, End: 2}, NewText: "x"}}},
				}
			}}},
			bugs: []string{"it has no edits", "in no file", "it changes nothing", "elsewhere, which was not read", "in a, which was not read", "outside a: bytes 3 to 4 of 3", "outside a: bytes -1", "outside a: bytes 2 to 1", "its edits overlap in a"},
		},
		{
			name:  "two fixes of one title",
			files: map[string]string{"a": "bad"},
			rules: []toyRule{{"r", "bad", diag.Warning, func(at source.Span, _ map[string]*source.File) []diag.Fix {
				return []diag.Fix{one("x", diag.Safe, at, "1"), one("x", diag.Unsafe, at, "2")}
			}}},
			bugs: []string{"one title"},
		},
		{
			name:  "edits of one fix at one point keep their order, and may stand side by side",
			files: map[string]string{"a": "0bad1"},
			rules: []toyRule{{"r", "bad", diag.Warning, func(at source.Span, _ map[string]*source.File) []diag.Fix {
				after := source.Span{File: at.File, Start: at.End, End: at.End}
				return []diag.Fix{{Title: "x", Safety: diag.Safe, Edits: []diag.Edit{
					{Span: after, NewText: "C"}, {Span: at, NewText: "B"}, {Span: before(at), NewText: "A"}, {Span: after, NewText: "D"},
				}}}
			}}},
			want: map[string]string{"a": "0ABCD1"}, fixed: 1, runs: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := &toy{files: test.files, rules: test.rules}
			r := l.plan(t, test.o)
			got := map[string]string{}
			for _, c := range r.Changes {
				if c.File.Text != test.files[c.File.Path] {
					t.Errorf("%s was not read as %q", c.File.Path, c.File.Text)
				}
				got[c.File.Path] = c.Text
			}
			if test.want == nil {
				test.want = map[string]string{}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(r.Fixed) != test.fixed {
				t.Errorf("%d fixes applied, want %d", len(r.Fixed), test.fixed)
			}
			var bugs []string
			for _, b := range r.Refused {
				bugs = append(bugs, b.String())
				if !b.Bug {
					t.Errorf("no bug: %s", b)
				}
			}
			if len(bugs) != len(test.bugs) {
				t.Errorf("bugs %q, want %q", bugs, test.bugs)
			} else {
				for i, want := range test.bugs {
					if !strings.Contains(bugs[i], want) {
						t.Errorf("bug %q, want %q", bugs[i], want)
					}
				}
			}
			if test.runs > 0 && l.runs != test.runs {
				t.Errorf("checked %d times, want %d", l.runs, test.runs)
			}
			// What is reported is what is on the new texts, and a second run changes nothing.
			texts := map[string]string{}
			maps.Copy(texts, test.files)
			maps.Copy(texts, got)
			for _, f := range r.Report.Files {
				if f.Text != texts[f.Path] {
					t.Errorf("the report is on another text of %s: %q", f.Path, f.Text)
				}
			}
			again := (&toy{files: texts, rules: test.rules}).plan(t, test.o)
			if len(again.Changes) > 0 && len(test.bugs) == 0 {
				t.Errorf("a second run changes %q", again.Changes[0].Text)
			}
		})
	}
}

// TestWithheld: a fix is not applied in part where one of its files may not be changed.
func TestWithheld(t *testing.T) {
	t.Parallel()
	l := &toy{files: map[string]string{"in/a": "bad", "out/b": "x", "in/c": "bad alone"}, rules: []toyRule{
		{"r", "bad", diag.Warning, func(at source.Span, all map[string]*source.File) []diag.Fix {
			fix := one("both", diag.Safe, at, "good")
			if at.File.Path == "in/a" {
				fix.Edits = append(fix.Edits, diag.Edit{Span: source.Span{File: all["out/b"]}, NewText: "y"})
			}
			return []diag.Fix{fix}
		}},
	}}
	r := l.plan(t, Options{Editable: func(f *source.File) bool { return strings.HasPrefix(f.Path, "in/") }})
	if len(r.Changes) != 1 || r.Changes[0].Text != "good alone" || !slices.Equal(r.Withheld, []string{"out/b"}) || len(r.Refused) > 0 {
		t.Errorf("%+v", r)
	}
}

// TestHiddenFaults: behind an error, or what a server refuses, there may be more, which is no fault of ours.
func TestHiddenFaults(t *testing.T) {
	t.Parallel()
	l := &toy{files: map[string]string{"a": "bad 2"}, rules: []toyRule{{"r", "bad", diag.Error, replace("good")}, {"s", "good 2", diag.Error, nil}}}
	report, err := l.check(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		severity diag.Severity
		refused  diag.Program
		bug      bool
	}{{diag.Warning, "", true}, {diag.Error, "", false}, {diag.Warning, diag.Nginx, false}} {
		report.Findings[0].Severity, report.Findings[0].RefusedBy = test.severity, test.refused
		if r := Plan(report, Options{Check: l.check}); len(r.Changes) > 0 || len(r.Refused) != 1 || r.Refused[0].Bug != test.bug {
			t.Errorf("%+v: %+v", test, r)
		}
	}
}

// TestMoreRoundsThanAllowed: with eleven steps a rule is not at rest.
func TestMoreRoundsThanAllowed(t *testing.T) {
	t.Parallel()
	l := &toy{files: map[string]string{"a": strings.Repeat("i", maxRounds+1)}, rules: []toyRule{
		{"r", "^i", diag.Warning, replace("")},
	}}
	if r := l.plan(t, Options{}); len(r.Changes) > 0 || len(r.Refused) != 1 {
		t.Errorf("%+v", r)
	}
}

// TestClashes lists the ways in which two edits may lie.
func TestClashes(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a", "0123456789")
	at := func(start, end int) diag.Edit {
		return diag.Edit{Span: source.Span{File: f, Start: start, End: end}, NewText: fmt.Sprint(start, end)}
	}
	for _, test := range []struct {
		a, b diag.Edit
		want bool
	}{
		{at(1, 3), at(3, 5), false},
		{at(1, 3), at(2, 5), true},
		{at(1, 5), at(2, 3), true},
		{at(1, 3), at(4, 5), false},
		{at(1, 1), at(1, 3), true},
		{at(3, 3), at(1, 3), true},
		{at(2, 2), at(1, 3), true},
		{at(0, 0), at(1, 3), false},
		{at(4, 4), at(1, 3), false},
		{at(4, 4), at(4, 4), false}, // equal: one of them is enough
		{at(1, 3), at(1, 3), false},
	} {
		for _, pair := range [][2]diag.Edit{{test.a, test.b}, {test.b, test.a}} {
			in := edits{}
			in.add(diag.Fix{Edits: []diag.Edit{at(9, 10), pair[0], at(7, 7)}})
			if got := !in.add(diag.Fix{Edits: []diag.Edit{pair[1]}}); got != test.want {
				t.Errorf("%v and %v: clash %v", pair[0].NewText, pair[1].NewText, got)
			}
		}
	}
}
