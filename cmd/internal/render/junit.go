package render

import (
	"encoding/xml"
	"io"
	"maps"
	"slices"

	"nginx-lint/analyzer/diag"
)

// The elements and attributes that all readers of JUnit's reports know: Jenkins
// refuses a report with others.
type junitReport struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Errors   int           `xml:"errors,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Failure *junitResult `xml:"failure"`
	Error   *junitResult `xml:"error"`
	Out     string       `xml:"system-out,omitempty"`
}

type junitResult struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a report of tests: a suite for each file that was read, in which each
// finding is a case. A finding that fails the run is a failure, another a case that
// passes with a text, and a file without findings one that passes; a file that could
// not be checked is an error. A case's name stays the same when lines are moved.
func JUnit(w io.Writer, r *diag.Report, o Options) error {
	suites := map[string]*junitSuite{}
	suite := func(name string) *junitSuite {
		s := suites[name]
		if s == nil {
			s = &junitSuite{Name: name}
			suites[name] = s
		}
		return s
	}
	for _, f := range r.Files {
		suite(Clean(f.Path))
	}
	for f := range shown(r, o.Severity) {
		s := suite(fileOf(f))
		c := junitCase{Class: s.Name, Name: Clean(f.Rule) + " " + f.Fingerprint}
		text := place(f.Subject.Span) + ": " + message(f)
		if o.FailOn != 0 && f.Severity >= o.FailOn {
			c.Failure = &junitResult{f.Severity.String(), headline(f), text}
			s.Failures++
		} else {
			c.Out = f.Severity.String() + ": " + text
		}
		s.Cases = append(s.Cases, c)
	}
	for _, f := range r.Failures {
		s := suite(Clean(f.Path))
		why := Clean(f.Err.Error())
		s.Cases = append(s.Cases, junitCase{Class: s.Name, Name: "read", Error: &junitResult{"unreadable", why, why}})
		s.Errors++
	}
	out := junitReport{Name: "nginx-lint"}
	for _, name := range slices.Sorted(maps.Keys(suites)) {
		s := suites[name]
		if len(s.Cases) == 0 {
			s.Cases = []junitCase{{Class: name, Name: "no findings"}}
		}
		s.Tests = len(s.Cases)
		out.Tests += s.Tests
		out.Failures += s.Failures
		out.Errors += s.Errors
		out.Suites = append(out.Suites, s)
	}
	return writeXML(w, out)
}
