// Package fonts holds the letters of PDFs: the Lohit family, under the SIL Open
// Font License (OFL.txt). Devanagari also has Latin letters and ₹.
package fonts

import "embed"

//go:embed *.ttf
var files embed.FS

// Names are the faces, in the order in which a letter is looked for. The first
// has the letters of the program's own languages.
var Names = []string{
	"Lohit-Devanagari", "Lohit-Gujarati", "Lohit-Gurmukhi", "Lohit-Bengali", "Lohit-Odia",
	"Lohit-Tamil", "Lohit-Telugu", "Lohit-Kannada", "Lohit-Malayalam",
}

// Read returns the TrueType file of a face. A name that is not in Names is a
// mistake in the program and panics.
func Read(name string) []byte {
	b, err := files.ReadFile(name + ".ttf")
	if err != nil {
		panic("fonts: " + err.Error())
	}
	return b
}
