package lure

// languageLists are words that are frequent in one language.
var languageLists = []struct {
	lang  string
	words []string
}{
	{"es", []string{
		"el", "la", "los", "las", "que", "de", "del", "su", "tu", "por", "para", "con", "una", "un", "en", "se", "le", "te", "es",
		"mi", "esta", "este", "aqui", "ver", "usted", "como", "hola", "favor",
	}},
	{"en", []string{
		"the", "your", "you", "is", "of", "to", "and", "for", "this", "has", "have", "been", "we", "please", "here", "with", "at",
		"are", "was", "my", "it", "on",
	}},
	{"pt", []string{
		"voce", "seu", "sua", "nao", "uma", "um", "com", "para", "foi", "do", "da", "dos", "ao", "esta", "aqui", "voces", "ola", "clique",
	}},
	{"fr", []string{
		"le", "les", "des", "votre", "vous", "est", "une", "et", "pour", "avec", "dans", "sur", "cliquez", "bonjour", "nous", "ici", "au", "du",
	}},
}

// languageWords leads from a word that only one of the lists has to the number of the list.
var languageWords = func() map[string]int {
	m, shared := map[string]int{}, map[string]bool{}
	for i, l := range languageLists {
		for _, w := range l.words {
			if other, taken := m[w]; taken && other != i {
				shared[w] = true
			}
			m[w] = i
		}
	}
	for w := range shared {
		delete(m, w)
	}
	return m
}()

// language guesses the language of words: the one with most telling words, if
// it has at least two and more than any other.
func language(words []word) string {
	var n [8]int
	for i := range words {
		if lang, ok := languageWords[words[i].text]; ok {
			n[lang]++
		}
	}
	best, tie := 0, false
	for j := 1; j < len(languageLists); j++ {
		switch {
		case n[j] > n[best]:
			best, tie = j, false
		case n[j] == n[best]:
			tie = true
		}
	}
	if n[best] < 2 || tie {
		return ""
	}
	return languageLists[best].lang
}
