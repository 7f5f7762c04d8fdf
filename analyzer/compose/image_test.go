package compose

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

// TestOwnImage reads the Dockerfile of this very program: one static file in an
// otherwise empty image, which does not run as root.
func TestOwnImage(t *testing.T) {
	t.Parallel()
	const top = "../.."
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	all, _, ok := parseDockerfile(source.NewFile("Dockerfile", read("Dockerfile")))
	if !ok {
		t.Fatal("the Dockerfile cannot be read")
	}
	last := map[string][]string{} // the instructions of the last stage
	var build []string
	stages := map[string]bool{}
	ignored := strings.Fields(regexp.MustCompile(`(?m)^#.*$`).ReplaceAllString(read(".dockerignore"), ""))
	for _, in := range all {
		words := strings.Fields(in.Text)
		switch in.Name {
		case "FROM":
			clear(last)
			if i := slices.Index(words, "AS"); i > 0 {
				stages[words[i+1]] = true
			}
		case "RUN":
			build = append(build, in.Text)
		case "COPY":
			from, copied := strings.CutPrefix(words[0], "--from=")
			if copied && !stages[from] {
				t.Errorf("COPY from %s, which is no stage", from)
			}
			for _, name := range words[:len(words)-1] {
				if _, err := os.Stat(filepath.Join(top, name)); !copied && (err != nil || slices.Contains(ignored, name)) {
					t.Errorf("COPY %s, which is not there", name)
				}
			}
		}
		last[in.Name] = append(last[in.Name], in.Text)
	}
	for name, want := range map[string]string{
		"FROM": `^scratch$`, "USER": `^[1-9]\d*:[1-9]\d*$`, "ENTRYPOINT": `^\["/usr/bin/nginx-lint"\]$`, "WORKDIR": `^/\w+$`,
	} {
		if got := last[name]; len(got) != 1 || !regexp.MustCompile(want).MatchString(got[0]) {
			t.Errorf("%s %q, want %s", name, got, want)
		}
	}
	labels := strings.Join(last["LABEL"], " ")
	for _, label := range []string{"title", "description", "licenses", "version", "revision", "source"} {
		if !strings.Contains(labels, "org.opencontainers.image."+label+"=") {
			t.Errorf("no label %s", label)
		}
	}
	compiled := strings.Join(build, "\n")
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "GOARCH=$TARGETARCH"} {
		if !strings.Contains(compiled, want) {
			t.Errorf("it is built without %s:\n%s", want, compiled)
		}
	}
	if version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read("go.mod"))[1]; !strings.Contains(all[0].Text, "golang:"+version+"-") {
		t.Errorf("FROM %s, but go.mod says Go %s", all[0].Text, version)
	}
}
