package rule

// checks are the conditions that CEL cannot say, by the id of their rule,
// whose file then has "code: true" and no "when".
var checks = map[string]Check{}
