package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var workerCapacity = analyzer.Rule{
	ID:         "worker-capacity",
	Severities: []diag.Severity{diag.Error, diag.Warning, diag.Info},
	Safeties:   []diag.Safety{diag.Safe},
	InfoOff:    true,
	OnScope:    capacity,
	Doc: analyzer.Doc{
		Summary: "too few connections or open files for a worker",
		What: "Error: `worker_connections` leaves no room for a request that is passed on, which takes two connections, beside those for each address that nginx listens on and one for its own use: (worker_connections − addresses − 1) / 2, rounded down, is 0. " +
			"Warning: `worker_rlimit_nofile` is below `worker_connections`. Info, only where the rule is asked for: how many requests can be passed on at once.",
		Why: "What finds no connection is answered by 500 or not at all; error.log has `[alert] 20 worker_connections are not enough`. With 20 of them and one address nine requests were passed on at once, the tenth got no answer. " +
			"Where files are too few, some requests end as 500: `socket() failed (24: Too many open files) while connecting to upstream`, and others wait: `accept4() failed (24: Too many open files)`.",
		Gaps:      "Counts one connection to nginx and one to the backend for a request; clients that keep idle connections leave less room. Each worker has its own connections. Silent where the number is not written; an include that was not read can only add addresses.",
		Remedy:    "Raise `worker_connections`, and `worker_rlimit_nofile` to twice as much.",
		FixSafety: "Raising `worker_rlimit_nofile` to twice `worker_connections` is safe: only what fails today changes. None is offered above 1048576, what Linux allows a process by default.",
		Refs:      []string{"https://nginx.org/en/docs/ngx_core_module.html#worker_connections", "https://nginx.org/en/docs/ngx_core_module.html#worker_rlimit_nofile"},
		Since:     "0.1.0",
	},
}

// mostFiles is what Linux allows a process by default (fs.nr_open).
const mostFiles = 1 << 20

func capacity(p *analyzer.Pass, s *stack.Scope) {
	for _, c := range s.Nginx {
		connections := connectionsOf(c)
		number, ok := nginx.ParseNumber(connections.Arg(0))
		if !ok || number > mostFiles {
			continue
		}
		files := c.Top.Value("worker_rlimit_nofile")
		if limit, ok := nginx.ParseNumber(files.Arg(0)); ok && files.Explicit() && limit < number {
			tooFewFiles(p, files, connections, number)
		}
		target := slices.IndexFunc(s.Targets, func(t *stack.Target) bool { return t.Config == c })
		single := c.Top.Value("master_process") // without a master, one connection less is needed
		if target < 0 || !connections.Explicit() || single.Arg(0) == "off" {
			continue
		}
		addresses := sockets(s, c)
		requests := max(0, (number-addresses-1)/2)
		f := diag.Finding{
			Severity: diag.Info,
			Summary:  "so many requests can be passed on at once",
			Subject:  label(connections.From.Head(), "%d connections, of which nginx needs %d itself, for %d requests at once in each worker", number, addresses+1, requests),
			Related:  []diag.Label{label(s.Targets[target].Pass.Head(), "a request that is passed on takes two connections")},
			Notes:    []string{fmt.Sprintf("error.log: [alert] %d worker_connections are not enough", number)},
			Remedy:   "raise worker_connections",
		}
		if requests == 0 {
			f.Severity, f.Summary = diag.Error, "no request can be passed on"
		}
		p.Report(connections.From, nil, f)
	}
}

// connectionsOf is the worker_connections in force.
func connectionsOf(c *nginx.Config) nginx.Value {
	for b := range c.Blocks(catalog.Events) {
		return b.Value("worker_connections")
	}
	return nginx.Value{}
}

// sockets counts the sockets that nginx certainly opens to listen: one for any
// address holds for the others at its port, and what a name stands for is not known.
func sockets(s *stack.Scope, c *nginx.Config) int64 {
	type port struct {
		net      stack.Net
		families stack.Family
		number   int
		udp      bool
	}
	exact, whole := map[port]int64{}, map[port]bool{}
	for _, a := range s.Addresses {
		e := a.Endpoint
		if _, err := netip.ParseAddr(e.Host); a.Config != c || e.Host != "" && err != nil {
			continue
		}
		at := port{e.Net, e.Families, e.Port, a.UDP}
		exact[at]++
		whole[at] = whole[at] || e.Net == stack.TCP && e.Host == ""
	}
	total := int64(0)
	for at, n := range exact {
		if whole[at] {
			n = 1
		}
		total += n
	}
	return total
}

func tooFewFiles(p *analyzer.Pass, files, connections nginx.Value, number int64) {
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "a worker may open fewer files than connections",
		Subject:  label(files.From.Head(), "each connection is an open file, and there may be %d", number),
		Notes:    []string{"error.log: socket() failed (24: Too many open files) while connecting to upstream; accept4() failed (24: Too many open files)"},
		Remedy:   fmt.Sprintf("set worker_rlimit_nofile %d", 2*number),
	}
	if connections.Explicit() {
		f.Related = []diag.Label{label(connections.From.Head(), "connections for each worker")}
	} else {
		f.Notes = append(f.Notes, fmt.Sprintf("worker_connections is %d, nginx's default", number))
	}
	if 2*number <= mostFiles {
		f.Fixes = []diag.Fix{{
			Title: f.Remedy, Safety: diag.Safe,
			Edits: []diag.Edit{files.From.Tree().SetArg(files.From.ID, 0, strconv.FormatInt(2*number, 10))},
		}}
	}
	p.Report(files.From, nil, f)
}
