package syntax
var nginxMistakes = []struct{ name, text string; want []string }{}
