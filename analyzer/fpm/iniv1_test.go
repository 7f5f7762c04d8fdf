package fpm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/ini.v1"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// iniV1Differs are the values of the shipped trees that ini.v1, which reads another
// dialect, gives otherwise than php-fpm does; the php-fpm side is proven by TestOracleTrees.
var iniV1Differs = map[string]string{
	"quotes/php-fpm.conf [web site] pm.max_children": "computes no operators",
	"quotes/php-fpm.conf [web site] ping.response":   "does not unescape in quotes",
	"quotes/php-fpm.conf [web site] access.log":      "does not join quoted and unquoted parts",
	"quotes/php-fpm.conf [web site] access.format":   "does not unescape in quotes",
	"reopened/php-fpm.conf [www] listen":             "takes [WWW] for another section",
	"reopened/php-fpm.conf [www] pm.max_children":    "takes [WWW] for another section",
	"reopened/php-fpm.conf [global] log_level":       "takes [GLOBAL] for another section",
	"windows/pools/b.ini [second] user":              "drops what stands behind a section head",
}

// TestINIv1 compares the scalar values of each file, includes aside, with ini.v1.
func TestINIv1(t *testing.T) {
	root := filepath.Join("..", "..", "testdata", "syntax", "fpm")
	differs := map[string]bool{}
	compared := 0
	err := filepath.WalkDir(root, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, file)
		parsed := syntax.ParseINI(source.NewFile(file, string(text)))
		if len(parsed.Errors) > 0 {
			return nil // TestINIErrors
		}
		other, err := ini.LoadSources(ini.LoadOptions{InsensitiveKeys: true, AllowShadows: false, SpaceBeforeInlineComment: true}, text)
		if err != nil {
			t.Logf("%s: %v", rel, err)
		}
		m := LoadPools([]*syntax.INI{parsed}, noIncludes{}, NewBudget())
		sections := map[string]*Section{"global": m.Global}
		for _, p := range m.Pools {
			sections[p.Name] = &p.Section
		}
		for name, s := range sections {
			for _, e := range s.Entries() {
				if e.Kind != syntax.Key || e.Null {
					continue
				}
				compared++
				effective := s.All(e.Name)
				want := effective[len(effective)-1]
				got := ""
				if err == nil {
					section := other.Section(name)
					if !section.HasKey(e.Name) && s == m.Global {
						section = other.Section(ini.DefaultSection)
					}
					got = section.Key(e.Name).String()
				}
				// It leaves boolean words and $pool as they are.
				if spec, ok := catalog.FPMKeyNamed(e.Name, s.kind); ok && spec.Type == "bool" && got == e.ValueSpan().Text() {
					got = want.Text
				}
				if s != m.Global {
					got = strings.ReplaceAll(got, "$pool", name)
				}
				where := filepath.ToSlash(rel) + " [" + name + "] " + strings.ToLower(e.Name)
				if got == want.Text {
					continue
				}
				differs[where] = true
				if iniV1Differs[where] == "" {
					t.Errorf("%s: php-fpm sees %q, ini.v1 %q", where, want.Text, got)
				}
			}
		}
		return nil
	})
	if err != nil || compared < 100 {
		t.Fatalf("%d values compared: %v", compared, err)
	}
	for where := range iniV1Differs {
		if !differs[where] {
			t.Errorf("%s: no difference any more", where)
		}
	}
}

type noIncludes struct{}

func (noIncludes) IncludeINI(string) (files []*syntax.INI, complete, outside bool) {
	return nil, true, false
}
