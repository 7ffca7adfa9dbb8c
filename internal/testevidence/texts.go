package testevidence

import (
	"fmt"
	"strings"
)

// Ordinary talk, in the two languages of the people whom this serves.
var (
	openings = []string{
		"Hola, ¿cómo estás? ", "Buenos días. ", "Oye, ", "Good morning! ", "Hi, ", "Hey, are you around? ", "Perdón por la demora. ",
		"Sorry for the late answer. ", "Licenciada, buenas tardes. ", "¡Feliz cumpleaños! 🎉 ", "Ok. ", "Gracias por avisar. ",
	}
	middles = []string{
		"mañana tenemos la reunión con el equipo a las diez, en la oficina de siempre",
		"the hearing was moved to Thursday, the clerk called me this morning about it",
		"ya mandé el documento con las correcciones que pediste la semana pasada",
		"can you pick up the kids after school today? I will be stuck at work until seven",
		"el avión sale a las seis y media, así que hay que salir de casa temprano",
		"I read your draft twice and I think the second part is much stronger now",
		"¿me pasas el teléfono del doctor? Mi mamá sigue con dolor de cabeza",
		"they said the package would arrive between two and five in the afternoon",
		"compré pan, leche, jitomates y café; avísame si hace falta algo más",
		"let us talk on Monday, there is no hurry and the figures are not final yet",
		"la entrevista quedó muy bien, se publica el domingo en la edición impresa",
		"the neighbours are asking about the water again, it was off for two days",
	}
	closings = []string{
		". Un abrazo", ". See you later", ", ¿te parece?", ". Thanks a lot!", ". Nos vemos 👋", ".", ", let me know", ". Saludos cordiales", "…", ". ¡Gracias!",
	}
	sites = []string{
		"www.wikipedia.org/wiki", "www.example.org/noticias", "news.example.com/story", "maps.example.net/place", "video.example.com/watch",
		"tienda.example.mx/catalogo", "www.example.edu/curso", "foro.example.org/tema", "recetas.example.com/receta", "blog.example.net/entry",
	}
	names = []string{
		"Ana", "Luis", "María", "Jorge", "Sofía", "Carlos", "Elena", "Miguel", "Lucía", "Pedro", "Laura", "Andrés", "Sarah", "John", "Emma", "David",
	}
	surnames = []string{
		"García", "Hernández", "López", "Martínez", "González", "Pérez", "Sánchez", "Ramírez", "Torres", "Flores", "Smith", "Johnson", "Brown", "Miller",
	}
)

// replies are what most messages are.
var replies = []string{
	"Ok", "Sí, claro", "jajaja", "¿A qué hora?", "On my way", "Ya llegué", "Thanks!", "Te marco en un rato", "Perfecto 👍", "Not yet", "Gracias",
	"Nos vemos mañana", "Sounds good, see you there", "¿Dónde estás?", "Let me check and I will tell you", "Va, yo le aviso a los demás",
}

// talk returns a message: three of four are short, the others have 80 to 200
// bytes; one of twenty has a link.
func (r random) talk() string {
	if !r.one(4) {
		return pick(r, replies)
	}
	var b strings.Builder
	b.WriteString(pick(r, openings))
	b.WriteString(pick(r, middles))
	if r.one(8) {
		b.WriteString("; ")
		b.WriteString(pick(r, middles))
	}
	b.WriteString(pick(r, closings))
	if r.one(5) {
		b.WriteString(" " + r.link())
	}
	return b.String()
}

// link returns the address of an ordinary page.
func (r random) link() string { return fmt.Sprintf("https://%s/%d", pick(r, sites), r.IntN(1_000_000)) }

func (r random) name() (given, family string) { return pick(r, names), pick(r, surnames) }
