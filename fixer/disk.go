package fixer

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A Disk is all that writing asks of a file system.
type Disk interface {
	// Resolve is a name without symbolic links; they must lead somewhere.
	Resolve(name string) (string, error)
	// Folder opens a folder and waits until no other run has it open.
	Folder(name string) (Folder, error)
}

// A Folder is an open folder. Names are those of files in it.
type Folder interface {
	// Names lists the files.
	Names() ([]string, error)
	// Read returns a regular file that may be written to as well.
	Read(name string) (text string, as Attributes, err error)
	// Create makes a new file with these attributes, or none. Its text is on the disk when it returns.
	Create(name, text string, as Attributes) error
	// Link gives a file a second name, which must be free.
	Link(name, second string) error
	// Rename gives a file another name, and takes that from the file which has it.
	Rename(from, to string) error
	Remove(name string) error
	// Sync returns when the names are on the disk as they are now.
	Sync() error
	Close() error
}

// Attributes are what a file keeps beside its text.
type Attributes struct {
	// Info tells mode and identity.
	Info fs.FileInfo
	// Owner and Group are -1 where the system has none.
	Owner, Group int
	// Links counts the names of the file.
	Links uint64
	// Extended are the extended attributes, among them access lists.
	Extended map[string]string
}

// OS is the machine's disk.
type OS struct{}

// Resolve implements Disk.
func (OS) Resolve(name string) (string, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(name)
}

// Folder implements Disk. What is done in the folder reaches it even if it is renamed meanwhile.
func (OS) Folder(name string) (Folder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	self, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	lock(self)
	return &folder{root, self}, nil
}

type folder struct {
	root *os.Root
	self *os.File
}

func (d *folder) Names() ([]string, error) {
	if _, err := d.self.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return d.self.Readdirnames(-1)
}

func (d *folder) Read(name string) (string, Attributes, error) {
	// Asked before opening: opening a pipe waits for a writer.
	if info, err := d.root.Lstat(name); err != nil {
		return "", Attributes{}, err
	} else if !info.Mode().IsRegular() {
		return "", Attributes{}, errNotRegular
	}
	f, err := d.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return "", Attributes{}, err
	}
	defer f.Close()
	as, err := attributes(f)
	if err != nil {
		return "", Attributes{}, err
	}
	text, err := io.ReadAll(f)
	return string(text), as, err
}

func (d *folder) Create(name, text string, as Attributes) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = fill(f, text, as)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = d.root.Remove(name)
	}
	return err
}

// fill gives a new file its text and attributes. The mode comes after the owner,
// whose change takes bits from it, and access lists after the mode, which is part of them.
func fill(f *os.File, text string, as Attributes) error {
	if _, err := io.WriteString(f, text); err != nil {
		return err
	}
	have, err := attributes(f)
	if err != nil {
		return err
	}
	if have.Owner != as.Owner || have.Group != as.Group {
		if err := f.Chown(as.Owner, as.Group); err != nil {
			return err
		}
	}
	if err := f.Chmod(as.Info.Mode()); err != nil {
		return err
	}
	if err := setExtended(f, have.Extended, as.Extended); err != nil {
		return err
	}
	return f.Sync()
}

func (d *folder) Link(name, second string) error { return d.root.Link(name, second) }
func (d *folder) Rename(from, to string) error   { return d.root.Rename(from, to) }
func (d *folder) Remove(name string) error       { return d.root.Remove(name) }
func (d *folder) Sync() error                    { return syncFolder(d.self) }
func (d *folder) Close() error                   { return errors.Join(d.self.Close(), d.root.Close()) }

// attributes are those of an open file.
func attributes(f *os.File) (Attributes, error) {
	info, err := f.Stat()
	if err != nil {
		return Attributes{}, err
	}
	as := Attributes{Info: info, Owner: -1, Group: -1, Links: 1}
	as.identify()
	as.Extended, err = extended(f)
	return as, err
}
