package analyzer

import "nginx-lint/analyzer/diag"

// A Prepared run has read all there is, and runs rules on it.
type Prepared struct{ d *driver }

// Prepare reads what the options name.
func Prepare(opts Options) (*Prepared, error) {
	p := newProject(opts)
	if err := p.read(); err != nil {
		return nil, err
	}
	p.join()
	return &Prepared{&driver{project: p}}, nil
}

// Check runs the rules and gives how many findings they report before those at one
// place are merged.
func (p *Prepared) Check(rules ...*Rule) int {
	p.d.opts.Rules = rules
	p.d.run(func() {})
	return len(p.d.findings)
}

// Finish puts the findings in order.
func (p *Prepared) Finish() *diag.Report { return p.d.finish() }
