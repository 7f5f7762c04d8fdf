package syntax
import ("testing";"fmt";"os";"nginx-lint/analyzer/source")
func TestNginxShow(t *testing.T){
 b,_:=os.ReadFile("/tmp/ng/show.txt")
 for _,s:=range splitShow(string(b)){
  f:=source.NewFile("f",s); tr:=Parse(f)
  fmt.Printf("-----\n%s\n",s)
  for _,e:=range tr.Errors{ p:=f.Position(e.At.Start); fmt.Printf("  %d:%d %q | gaveup %d:%d| line %d | first %v| %s | %s | fix %q %d-%d %q | %s\n",p.Line,p.Column,e.At.Text(),f.Position(e.GaveUp.Start).Line,f.Position(e.GaveUp.Start).Column,e.Line,e.First,e.Message,e.Summary,e.FixTitle,e.FixAt.Start,e.FixAt.End,e.FixText,e.Hint)}
  for i:=1;i<tr.Len();i++{ d:=ID(i); dep:=0; for q:=tr.Parent(d);q>0;q=tr.Parent(q){dep++}; fmt.Printf("  %*s%s %q closed=%v row=%v\n",dep*2,"",tr.Name(d),tr.Args(d),tr.Closed(d),tr.IsRow(d))}
 }
}
func splitShow(s string)[]string{ var out []string; cur:=""; for _,l:=range splitLines(s){ if l=="=====\n"{out=append(out,cur);cur="";continue}; cur+=l}; return append(out,cur)}
func splitLines(s string)[]string{ var o []string; for len(s)>0{ i:=0; for i<len(s)&&s[i]!='\n'{i++}; if i<len(s){i++}; o=append(o,s[:i]); s=s[i:]}; return o}
