package cli_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/hosttest"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
	"nginx-lint/rules"
)

// program builds one of the module's programs.
func program(b *testing.B, dir, pkg string) string {
	b.Helper()
	name := filepath.Join(dir, filepath.Base(pkg))
	if out, err := exec.Command("go", "build", "-o", name, "nginx-lint/"+pkg).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return name
}

// A cost is what one run of a program takes.
type cost struct {
	cpu, wall time.Duration
	peak      int64 // bytes
}

// run runs a program that may end with any of the codes.
func run(b *testing.B, dir string, codes []int, program string, args ...string) cost {
	b.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stderr = &out
	start := time.Now()
	_ = cmd.Run()
	c := cost{wall: time.Since(start)}
	if cmd.ProcessState == nil || !slices.Contains(codes, cmd.ProcessState.ExitCode()) {
		b.Fatalf("%s: %v\n%s", cmd, cmd.ProcessState, out.Bytes())
	}
	c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.peak = int64(usage.Maxrss) << 10 //nolint:unconvert // it is narrower on 32 bits
	}
	return c
}

// costs are those of several runs.
type costs []cost

func (c costs) median(of func(cost) time.Duration) time.Duration {
	all := make([]time.Duration, len(c))
	for i := range c {
		all[i] = of(c[i])
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (c costs) cpu() time.Duration  { return c.median(func(c cost) time.Duration { return c.cpu }) }
func (c costs) wall() time.Duration { return c.median(func(c cost) time.Duration { return c.wall }) }

// BenchmarkProgram compares runs of the whole program with others that take turns
// with it, so that the ratios hold on a machine that is busy: reading the same
// files and no more, an empty program, and nginx -t on nginx's half. Times and
// ratios are medians: of processor time where nothing else is said.
func BenchmarkProgram(b *testing.B) {
	bin := b.TempDir()
	lint, read, empty := program(b, bin, "cmd/nginx-lint"), program(b, bin, "testdata/bench/plainread"), program(b, bin, "testdata/bench/empty")
	many := host(b, 10_000)
	fewer := host(b, 1_000)
	b.Run("sites=10000", func(b *testing.B) {
		var own, reads, tenths costs
		var peak int64
		for range b.N {
			c := run(b, many, []int{1}, lint, ".")
			peak = max(peak, c.peak)
			own = append(own, c)
			reads = append(reads, run(b, many, []int{0}, read, "."))
			tenths = append(tenths, run(b, fewer, []int{1}, lint, "."))
		}
		b.ReportMetric(own.cpu().Seconds(), "cpu-s")
		b.ReportMetric(float64(own.cpu())/float64(reads.cpu()), "x-read")
		b.ReportMetric(float64(own.wall())/float64(reads.wall()), "x-read-wall")
		b.ReportMetric(float64(own.cpu())/float64(tenths.cpu()), "x-1000-sites")
		b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
	})
	b.Run("nginx", func(b *testing.B) {
		nginx, err := exec.LookPath("nginx")
		if err != nil {
			b.Skip(err)
		}
		if err := os.RemoveAll(filepath.Join(many, "etc/php")); err != nil {
			b.Fatal(err)
		}
		conf := filepath.Join(many, hosttest.NginxFolder)
		certificate(b, filepath.Join(conf, "tls", "wildcard"))
		if err := os.MkdirAll(filepath.Join(conf, "run"), 0o755); err != nil {
			b.Fatal(err)
		}
		var own, theirs costs
		var peak int64
		for range b.N {
			own = append(own, run(b, many, []int{1}, lint, "."))
			c := run(b, conf, []int{0}, nginx, "-t", "-p", conf+"/", "-c", "nginx.conf", "-e", "stderr")
			peak = max(peak, c.peak)
			theirs = append(theirs, c)
		}
		b.ReportMetric(theirs.cpu().Seconds(), "nginx-cpu-s")
		b.ReportMetric(float64(theirs.cpu())/float64(own.cpu()), "x-faster")
		b.ReportMetric(float64(theirs.wall())/float64(own.wall()), "x-faster-wall")
		b.ReportMetric(float64(peak)/(1<<20), "nginx-peak-MiB")
	})
	small := host(b, 1)
	for _, c := range []struct {
		name string
		args []string
	}{{"files=13", []string{"."}}, {"version", []string{"version"}}} {
		b.Run(c.name, func(b *testing.B) {
			var own, nothing costs
			for range 20 * b.N {
				own = append(own, run(b, small, []int{0, 1}, lint, c.args...))
				nothing = append(nothing, run(b, small, []int{0}, empty))
			}
			b.ReportMetric((own.cpu()-nothing.cpu()).Seconds()*1e3, "more-cpu-ms")
			b.ReportMetric((own.wall()-nothing.wall()).Seconds()*1e3, "more-wall-ms")
		})
	}
}

func host(b *testing.B, sites int) string {
	b.Helper()
	dir := b.TempDir()
	if _, err := hosttest.Write(dir, sites); err != nil {
		b.Fatal(err)
	}
	return dir
}

// certificate writes a self-signed one, which nginx -t reads.
func certificate(b *testing.B, name string) {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"*.example.org"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		b.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		b.Fatal(err)
	}
	for end, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name+end, pem.EncodeToMemory(block), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRender writes the report on a host with one finding in 1,000 places and
// some by themselves.
func BenchmarkRender(b *testing.B) {
	dir := host(b, 1_000)
	report, err := analyzer.Run(analyzer.Options{FS: source.OS{Dir: dir}, Dir: dir, Paths: []string{"."}, Rules: rules.All()})
	if err != nil {
		b.Fatal(err)
	}
	formats := map[string]func(io.Writer) error{
		"text": func(w io.Writer) error { return render.Text(w, report, render.TextOptions{Severity: diag.Info}) },
	}
	for name, format := range render.Formats {
		formats[name] = func(w io.Writer) error { return format(w, report, render.Options{Severity: diag.Info}) }
	}
	names := make([]string, 0, len(formats))
	for name := range formats {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := formats[name](io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
