package generate

import (
	"strconv"

	"catchment/internal/fakeorg/orgtime"
)

// A town is a place whose parts are drawn together, so that city, state, code and country belong together.
type town struct{ city, state, code, country string }

var (
	towns = [...]town{
		{"Austin", "Texas", "78701", "United States"}, {"Boston", "Massachusetts", "02108", "United States"},
		{"Portland", "Oregon", "97201", "United States"}, {"München", "Bayern", "80331", "Germany"},
		{"Saint-Étienne", "Loire", "42000", "France"}, {"São Paulo", "SP", "01310-100", "Brazil"},
		{"Kraków", "Małopolskie", "30-001", "Poland"}, {"大阪市", "大阪府", "530-0001", "Japan"},
		{"Reykjavík", "", "101", "Iceland"}, {"Newark", "New Jersey", "07102", "United States"},
	}
	firstNames = [...]string{"Amy", "Björn", "Chloé", "Dmitri", "Eun-ji", "Fatima", "George", "Hélène", "Ismail",
		"Joana", "Keiko", "Liam", "María", "Noor", "Olga", "Peter"}
	lastNames = [...]string{"O'Brien", "Diaz", "Müller", "Kelly", "Nguyễn", "van der Berg", "Smith, Jr.", "Porter",
		"Łukasik", "Peterson", "Shaw", "Washington", "Tanaka", "Rossi", "Null", "Öztürk"}
	nameHeads = [...]string{"Acme", "Blue River", "Cedar & Sons", "Delta", "Evergreen", "Fjord", "Granite", "Harbor",
		"Iron Gate", "Juniper", "Kestrel", "Lumen", "Meridian", "North Star", "Orchard", "Pioneer"}
	nameTails = [...]string{"Industries", "Logistics", "Holdings, Inc.", "Partners", "Foods", "Systems", "GmbH",
		"Labs", "Energy", "Textiles", "Media", "Trust", "\"Old\" Trading Co.", "Works", "Co-op", "Group"}
	streets = [...]string{"Main Street", "Doe Crossing Plaza", "Hauptstraße", "Rue de l'Église", "Tony Crossing",
		"Avenida Paulista", "Morrow Junction", "Elm \"North\" Road"}
	sentences = [...]string{
		"Called back, wants an offer by Friday.", "Says \"maybe\" again; ask in spring.", "Paid in full 🎉",
		"First line\r\nSecond line\r\nThird, with a comma",
		"Prefers e-mail.", "N/A", "null", "See ticket #0042; don't call before 9:00.", "Größe: 3 × 4 m",
		"tab\there, and \"quotes\"", "🚚 shipped\nunpacked", "=SUM(A1:A2)",
	}
)

func townOf(own uint64) *town { return &towns[own>>7%uint64(len(towns))] }

func street(_ *World, dst []byte, p pick) []byte {
	dst = strconv.AppendUint(dst, 1+p.h%9999, 10)
	dst = append(dst, ' ')
	dst = append(dst, streets[p.h>>16%uint64(len(streets))]...)
	if p.h>>24&15 == 0 {
		dst = append(dst, "\r\nBuilding "...)
		dst = append(dst, byte('A'+p.h>>28%26))
	}
	return dst
}

func city(_ *World, dst []byte, p pick) []byte    { return append(dst, townOf(p.own).city...) }
func state(_ *World, dst []byte, p pick) []byte   { return append(dst, townOf(p.own).state...) }
func postal(_ *World, dst []byte, p pick) []byte  { return append(dst, townOf(p.own).code...) }
func country(_ *World, dst []byte, p pick) []byte { return append(dst, townOf(p.own).country...) }

func company(_ *World, dst []byte, p pick) []byte {
	dst = append(dst, nameHeads[p.h%uint64(len(nameHeads))]...)
	dst = append(dst, ' ')
	return append(dst, nameTails[p.h>>8%uint64(len(nameTails))]...)
}

func firstName(_ *World, dst []byte, p pick) []byte {
	return append(dst, firstNames[p.own>>13%uint64(len(firstNames))]...)
}

func lastName(_ *World, dst []byte, p pick) []byte {
	return append(dst, lastNames[p.own>>23%uint64(len(lastNames))]...)
}

func fullName(w *World, dst []byte, p pick) []byte {
	dst = append(firstName(w, dst, p), ' ')
	return lastName(w, dst, p)
}

func phone(_ *World, dst []byte, p pick) []byte {
	dst = append(dst, '(')
	dst = orgtime.AppendPadded(dst, int(p.h%1000), 3)
	dst = append(dst, ") 555-"...)
	return orgtime.AppendPadded(dst, int(p.h>>20%10000), 4)
}

func website(_ *World, dst []byte, p pick) []byte {
	dst = append(dst, "https://www.example-"...)
	dst = strconv.AppendUint(dst, p.h%1_000_000, 36)
	return append(dst, ".com"...)
}

func email(_ *World, dst []byte, p pick) []byte {
	dst = append(dst, "person."...)
	dst = strconv.AppendInt(dst, int64(p.n+1), 10)
	return append(dst, "@example.com"...)
}

// username is the name that a User logs in with; the first is the one that
// every session belongs to.
func username(w *World, dst []byte, p pick) []byte {
	if p.n == 0 {
		return append(dst, w.admin...)
	}
	return email(w, dst, p)
}

func remark(_ *World, dst []byte, p pick) []byte {
	for i := range 1 + p.h>>48&1 {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, sentences[(p.h>>(8*i))%uint64(len(sentences))]...)
	}
	return dst
}

// longest is the most that a long text may hold.
const longest = 131_072

// novel is a remark, or once in 20,000 records the longest text there is.
func novel(w *World, dst []byte, p pick) []byte {
	if p.h>>12%20_000 != 0 {
		return remark(w, dst, p)
	}
	for i := range longest {
		dst = append(dst, byte('a'+i%26))
	}
	return dst
}
