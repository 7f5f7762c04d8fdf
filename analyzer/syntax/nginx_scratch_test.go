package syntax
import ("testing";"os";"path/filepath";"fmt";"strings";"math/rand";"strconv")
func TestNginxScratchCorpus(t *testing.T){
  ask:=nginxOracle(t)
  files,n,lex,acc,bad:=0,0,0,0,0
  wraps:=[][2]string{{"",""},{"events{}\n",""},{"events{}\nhttp{\n","}\n"},{"events{}\nhttp{server{\n","}}\n"},{"events{}\nhttp{server{location / {\n","}}}\n"}}
  filepath.Walk("/work/shared/corpus",func(p string, i os.FileInfo, e error) error{
    if e!=nil||i.IsDir(){return nil}
    b,_:=os.ReadFile(p)
    files++
    for _,w:=range wraps{
      text:=w[0]+string(b)+w[1]
      a:=ask(text); n++
      if a.lexical{lex++}; if a.accepted{acc++}
      if d:=nginxCompare(text,a);d!=""{bad++;fmt.Println(p,w[0],"nginx:",a,a.message,"|",d)}
    }
    return nil})
  fmt.Println("files",files,"asked",n,"lexical",lex,"accepted",acc,"bad",bad)
}
var bases=[]string{
`events { worker_connections 5; }
http {
    log_format main '$remote_addr "$request" '
                    "$status";
    map $host $x {
        default "a b";
        ~^(?<a>[0-9]{2})$ 1;
        "~^{x}" ${host};
    }
    types { text/html html htm; }
    server {
        listen 8099; # c
        set $y "it's";
        add_header X "a\"b;c" always;
        if ($host = "x") { return 200 "ok"; }
        location ~ "^/a{2}/$" {
            set $z 'q{w}';
            return 200 a\;b#c;
        }
        location / { return 301 $scheme://x$request_uri; }
    }
    server { listen 8098; return 200 "multi
line; { } # text"; }
}
`,
"events{}http{server{listen 8097;set $a \"b\";set $c 'd' ;if ($a = \"b\"){return 200;}location /{set $q \"\";}}split_clients $a $w { 5% a; * \"b\"; } geo $g { default 0; 1.2.3.0/24 '1'; } }\r\n",
"events{}\r\nhttp\r\n{\r\n  server\r\n  {\r\n    set $a \"x\r\ny\";\r\n    add_header A 'b' ;\r\n  }\r\n  charset_map a b { 80 E2; }\r\n}\r\n# end",
}
func TestNginxScratchRandom(t *testing.T){
  ask:=nginxOracle(t)
  N,_:=strconv.Atoi(os.Getenv("N")); seed,_:=strconv.Atoi(os.Getenv("SEED"))
  r:=rand.New(rand.NewSource(int64(seed)))
  bits:=[]string{"\"","'",";","{","}","\\","#","$"," ","\n","\r","\t","${","\"\"","''","a","\"x\"y","};",")","(","\x00","\ufeff","{2}","\\\"","\\\n"}
  lex,acc,bad:=0,0,0
  for i:=0;i<N;i++{
    s:=bases[r.Intn(len(bases))]
    if r.Intn(12)==0{ k:=r.Intn(len(s)); pad:=4060+r.Intn(40); s=s[:k]+strings.Repeat("p",pad)+s[k:] }
    if r.Intn(20)==0{ k:=r.Intn(len(s)); s=s[:k]+"#"+strings.Repeat("p",4085+r.Intn(15))+"\n"+s[k:] }
    for m:=r.Intn(3);m>=0;m--{
      k:=r.Intn(len(s))
      switch r.Intn(3){
      case 0: s=s[:k]+bits[r.Intn(len(bits))]+s[k:]
      case 1: e:=k+1+r.Intn(2); if e>len(s){e=len(s)}; s=s[:k]+s[e:]
      case 2: // delete a special
        for j:=0;j<len(s);j++{ q:=(k+j)%len(s); if strings.IndexByte("\"';{}\\ \n",s[q])>=0 {s=s[:q]+s[q+1:];break}}
      }
    }
    a:=ask(s)
    if a.lexical{lex++}; if a.accepted{acc++}
    if d:=nginxCompare(s,a);d!=""{bad++;fmt.Printf("%q\nnginx: %v %s | %s\n",s,a,a.message,d)}
  }
  fmt.Println("random",N,"lexical",lex,"accepted",acc,"bad",bad)
}
