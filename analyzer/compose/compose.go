// Package compose reads what starts containers: compose files, the Dockerfiles
// that they build from, and what is known of the images of others. It tells which
// file of a tree lies where in which container, and by which names services
// find each other.
package compose

import (
	"nginx-lint/analyzer/source"
)

// A Project is what one `docker compose up` starts.
type Project struct {
	// Dir is the folder that relative paths are below.
	Dir string
	// Files are the compose files, in the order in which they are laid over each other.
	Files []*source.File
	// Extended are the files out of which services are extended, Included those that
	// are included.
	Extended, Included []*source.File
	// Services are in the order of their first file.
	Services []*Service
	// Networks and Configs are those that are declared at the top.
	Networks map[string]*Network
	Configs  map[string]*Config
	// Volumes are the declared volumes: the names of the external ones are true.
	Volumes map[string]bool
	// Others are the names of services in compose files beside, which may be laid over these.
	Others map[string]bool
	// Open is set where more services may belong to it than were read.
	Open bool
	// Problems are what is wrong with the files.
	Problems []Problem

	scripts int // see maxScripts
}

// A Problem is why something could not be read.
type Problem struct {
	Span source.Span
	Text string
	// Refused is what compose says of it: it refuses the file; "" where that is not certain.
	Refused string
	// Limit is set where the text goes beyond what is read.
	Limit bool
}

// Service is the service of a name; nil where there is none.
func (p *Project) Service(name string) *Service {
	for _, s := range p.Services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// A Network is one declared at the top of a compose file.
type Network struct {
	// External is set where it may have other members than the project's services.
	External bool
}

// A Config is a file that compose puts into containers.
type Config struct {
	// File is the path of the file here; "" where it is something else.
	File    Value
	Content Value
}

// A Service is one kind of container of a project.
type Service struct {
	Name string
	// Key is where the name is written, in the last file that has it.
	Key   source.Span
	Image Value
	Build *Build
	// Dockerfile is what Build names, as far as it is read; nil where there is none.
	Dockerfile *Dockerfile

	ContainerName, Hostname, NetworkMode Value
	// Networks are those it is on; none are written where it is on the default one.
	Networks []Attachment
	// Links, ExternalLinks and ExtraHosts bring names that it alone knows.
	Links, ExternalLinks, ExtraHosts []Value
	Mounts                           []Mount
	// VolumesFrom are the services whose mounts it has as well.
	VolumesFrom []Value
	Ports       []Port
	Expose      []Value
	// Command and Entrypoint replace those of the image; nil where they do not.
	Command, Entrypoint *Command
	Environment         map[string]Value
	Profiles            []Value
	User                Value
	// Unknown is set where some of it stands in a file that could not be read.
	Unknown bool

	envFiles []envFile
	extends  *extension
	dir      string // what its relative paths are below
	clear    map[string]bool
}

type envFile struct {
	path     Value
	optional bool
}

type extension struct{ file, service Value }

// An Attachment is a network that a service is on.
type Attachment struct {
	Name    string
	Aliases []Value
}

// A Build says how an image is made.
type Build struct {
	// Context is the folder that is built from, Dockerfile the path below it of the
	// file that says how; empty for the usual name.
	Context, Dockerfile Value
	// Inline is the text of a Dockerfile in the compose file.
	Inline Value
	// Target is the stage that is built, the last one where it is empty.
	Target Value
	Args   map[string]Value
}

// MountKind is what is mounted.
type MountKind uint8

// The kinds of mounts.
const (
	Bind MountKind = iota + 1
	Volume
	Tmpfs
	FromConfig // one of the configs
)

// A Mount puts something at a path of a container.
type Mount struct {
	Kind MountKind
	// Source is the path here for Bind, the name of a volume or config; "" for a
	// volume without name, which is the service's own.
	Source Value
	// Target is the path in the container.
	Target Value
	// Owner is the service that an unnamed volume belongs to.
	Owner string
	// Subpath is the folder of the volume that is mounted.
	Subpath bool
	Span    source.Span
}

// A Port is one that is published on the host.
type Port struct {
	// Published is the port of the host, 0 where docker chooses one; Target that
	// of the container. For ranges they are the first.
	Published, Target int
	// Count is how many ports in a row are published.
	Count int
	UDP   bool
	Span  source.Span
}

// A Command is what runs in a container.
type Command struct {
	// Words are its arguments, or one text for a shell.
	Words []string
	// Places are where the words are written; none where they are not apart.
	Places []source.Span
	Span   source.Span
	// Known is false where a variable in it has no value that is to be seen.
	Known bool
}
