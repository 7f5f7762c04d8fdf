package systemd

import "testing"

func FuzzUnits(f *testing.F) {
	f.Add("[Service]\nExecStart=-/bin/a \\\n -b '%n' \"c\nUser=%i\nEnvironment=A=1 \"B=2\"\n", "[Socket]\nListenStream=/run/%p.sock\nListenStream=\nListenStream=[::1]:80\nService=a.service\n", "[Service]\nExecStart=\nExecStart=@/bin/b b\nEnvironmentFile=/e\nPrivateTmp=yes\n")
	f.Add("[Service]\r\nExecStart=/bin/a\n[Unit]\n", "ListenStream=80", "[Service")
	f.Fuzz(func(t *testing.T, service, socket, more string) {
		const etc = "/etc/systemd/system/"
		units := Units(host{etc + "a.service": service, etc + "a@.service": service, etc + "a.socket": socket, etc + "a.service.d/1.conf": more, "/e": more})
		for name, u := range units {
			words, _ := u.Command()
			for _, w := range words {
				if w.Span.File == nil || w.Span.End > len(w.Span.File.Text) {
					t.Fatalf("%s: a word without its place", name)
				}
			}
			u.Environment("A")
			u.User()
			u.PrivateTmp()
			u.Starts()
			u.Dir()
			sockets, _ := u.Sockets()
			for _, s := range sockets {
				if s.Span.Text() == "" {
					t.Fatalf("%s: a socket without its place", name)
				}
			}
		}
	})
}
