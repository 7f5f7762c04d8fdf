package stack

import (
	"time"

	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/source"
)

// A Backend is a program other than nginx and PHP-FPM that listens, as far as its
// configuration says. What that does not tell is unknown.
type Backend struct {
	// Program is its usual name: Apache, gunicorn, uWSGI; else the name of its unit.
	Program string
	// At is where the program is configured or started.
	At source.Span
	// Complete is set where all addresses that it listens on were read.
	Complete bool
	// Kill is after how long it ends a request that is not answered yet; a known
	// one of 0 is never.
	Kill Limit
	// Idle is how long it keeps a connection open on which nothing is asked; a known
	// one of 0 closes after each answer.
	Idle Limit
	// Buffer is how many bytes the parameters of a request may have, for uWSGI.
	Buffer Limit
	// PrivateTmp is set where its unit gives it a /tmp of its own.
	PrivateTmp source.Span
	// User and Group are whom its workers run as, for Apache; "" where that is not known.
	User, Group string
	// UserAt is where the user is written.
	UserAt source.Span
}

// A Limit is a time or a number in force in a backend.
type Limit struct {
	Time  time.Duration
	Bytes int
	Known bool
	// Name is how the setting is called where it is written.
	Name string
	// Span is where it is written; zero for the program's default.
	Span source.Span
}

// An Access is how a unix socket may be opened, as far as it is written.
type Access struct {
	// Mode is the socket's; ModeKnown is false where the process's umask decides.
	Mode      int
	ModeKnown bool
	// Owner and Group are names; "" where they are not known.
	Owner, Group string
	// ModeAt, OwnerAt and GroupAt are where they are written; zero where they are not.
	ModeAt, OwnerAt, GroupAt source.Span
	// Folder is the one that the socket lies in, or below, where a unit has it made; nil elsewhere.
	Folder *Folder
}

// A Folder is one that systemd makes for a unit.
type Folder struct {
	Path         string
	Mode         int
	Owner, Group string
	// At is where it is named, ModeAt where its mode is written; zero where it is not.
	At, ModeAt source.Span
}

// A Gateway is a place from which another program than nginx passes requests on.
type Gateway struct {
	Backend  *Backend
	Endpoint Endpoint
	// Protocol is what it speaks there: FastCGI or HTTP.
	Protocol Protocol
	// Wait is how long it waits for an answer to go on.
	Wait Limit
	// Span is where the address is written.
	Span source.Span
	// Via is where a balancer is named of which this is the member; zero for others.
	Via source.Span
	// PHP is set where only files of PHP are passed on.
	PHP bool
	// Reach is what it arrives at; Build finds it.
	*Reach
}

// Pool is the one PHP-FPM pool that certainly serves the gateway; nil if there is none such.
func (g *Gateway) Pool() *fpm.Pool {
	if g.Protocol != FastCGI || !g.Certain || len(g.Listeners) != 1 {
		return nil
	}
	return g.Listeners[0].Pool
}
