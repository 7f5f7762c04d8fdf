package syntax
import ("testing";"os";"os/exec";"fmt";"math/rand";"strings";"strconv")
func TestNginxLuaScratch(t *testing.T){
 M:="/tmp/ng/deb/x/usr/lib/nginx/modules/"
 dir:=t.TempDir(); file:=dir+"/l.conf"
 ask:=func(text string) nginxAnswer{
  os.WriteFile(file,[]byte(text),0o600)
  c:=exec.Command("nginx","-t","-p",dir,"-e","stderr","-c",file,"-g","pid "+dir+"/p;")
  c.Env=append(os.Environ(),"LD_LIBRARY_PATH=/tmp/ng/deb/x/usr/lib/x86_64-linux-gnu")
  out,_:=c.CombinedOutput()
  a:=nginxParseAnswer(t,file,out)
  if strings.HasPrefix(a.message,"Lua code block missing")||strings.Contains(a.message,"lua code block"){a.lexical=true}
  return a
 }
 N,_:=strconv.Atoi(os.Getenv("N")); seed,_:=strconv.Atoi(os.Getenv("SEED"))
 r:=rand.New(rand.NewSource(int64(seed)))
 bits:=[]string{"{","}","{","}","\"","'","[[","]]","[=[","]=]","--","--[[","\n","\n"," ","\\","\\\"","x","]","[","=","#",";","\\\n","-"}
 lex,acc,bad:=0,0,0
 for i:=0;i<N;i++{
  body:=""
  for k:=r.Intn(14);k>0;k--{body+=bits[r.Intn(len(bits))]}
  text:="load_module "+M+"ndk_http_module.so; load_module "+M+"ngx_http_lua_module.so;\nevents{}\nhttp {\ninit_by_lua_block { "+body+"\n}\nserver { }\n}\n"
  a:=ask(text)
  if a.lexical{lex++}; if a.accepted{acc++}
  if d:=nginxCompare(text,a);d!=""{bad++; if bad<15 {fmt.Printf("%q\n  nginx: %v %s | %s\n",body,a,a.message,d)}}
 }
 fmt.Println("lua",N,lex,acc,bad)
}
