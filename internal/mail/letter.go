package mail

import (
	_ "embed"
	"html/template"
	"strings"
)

// A letter is what a message says: paragraphs, one link, and a closing.
type letter struct {
	Locale     string
	Subject    string
	Paragraphs []string // before the link
	Facts      []fact   // after them
	Button     string   // the link's words
	Link       string
	Closing    []string // after it
}

// A fact is a line of a letter with its name, such as when something happened.
type fact struct{ Name, Value string }

//go:embed letter.html
var layout string

var page = template.Must(template.New("letter").Parse(layout))

// message writes the letter to an address.
func (l letter) message(to string) (Message, error) {
	var html strings.Builder
	if err := page.Execute(&html, l); err != nil {
		return Message{}, err
	}
	text := strings.Join(l.Paragraphs, "\n\n") + "\n\n"
	for _, f := range l.Facts {
		text += f.Name + ": " + f.Value + "\n"
	}
	if len(l.Facts) > 0 {
		text += "\n"
	}
	text += l.Button + ":\n" + l.Link + "\n\n" + strings.Join(l.Closing,
		"\n\n") + "\n"
	return Message{To: to, Subject: oneLine(l.Subject), Text: text, HTML: html.String()}, nil
}
