package i18n

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// A term is a row of the first table of docs/words.md.
type term struct {
	english, hindi       string
	notEnglish, notHindi []forbidden
}

// A forbidden word, and what to write instead.
type forbidden struct {
	text, better string
	re           *regexp.Regexp
}

// forbid reads a cell of forbidden words.
func forbid(t *testing.T, cell, better string) (list []forbidden) {
	t.Helper()
	for _, word := range strings.Split(cell, ", ") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		expr, isExpr := strings.CutPrefix(word, "/")
		if isExpr {
			expr = strings.ReplaceAll(strings.TrimSuffix(expr, "/"), `\|`, "|")
		} else {
			expr = regexp.QuoteMeta(word)
		}
		re, err := regexp.Compile("(?i)" + expr)
		if err != nil {
			t.Fatalf("docs/words.md: %s: %v", word, err)
		}
		list = append(list, forbidden{word, better, re})
	}
	return list
}

// in reports whether the word stands in text as a word of its own. \b knows no Devanagari.
func (f forbidden) in(text string) bool {
	for _, at := range f.re.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if !inWord(before) && !inWord(after) {
			return true
		}
	}
	return false
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r)) }

// glossary reads docs/words.md: the terms, the turns that pages do not use, and those that code does not use.
func glossary(t *testing.T) (terms []term, sentences, code []forbidden) {
	t.Helper()
	b, err := os.ReadFile("../../../docs/words.md")
	if err != nil {
		t.Fatal(err)
	}
	section := ""
	for line := range strings.Lines(string(b)) {
		if s, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.TrimSpace(s)
		}
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		// A bar inside a cell is written \|.
		cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "| \n"), `\|`, "\x00"), "|")
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", `\|`)
		}
		switch {
		case cells[0] == "English" || cells[0] == "not":
		case section == "On pages" && len(cells) >= 4:
			terms = append(terms, term{
				cells[0], cells[1], forbid(t, cells[2], cells[0]), forbid(t, cells[3], cells[1]),
			})
		case section == "Sentences" && len(cells) == 2:
			sentences = append(sentences, forbid(t, cells[0], cells[1])...)
		case section == "In code" && len(cells) == 2:
			code = append(code, forbid(t, cells[0], cells[1])...)
		default:
			t.Fatalf("docs/words.md: what is this row? %s", line)
		}
	}
	if len(terms) < 30 || len(sentences) < 10 || len(code) < 3 {
		t.Fatalf("docs/words.md has %d terms, %d turns, %d of code", len(terms), len(sentences), len(code))
	}
	return terms, sentences, code
}

// excusedWords are sentences that need a forbidden word, with the reason.
var excusedWords = map[string]string{
	"In OkCredit open Account, then Account Statement.":        "the name of a menu of OkCredit",
	"In net banking or the bank's app open Account statement.": "the name of a menu of banks",
	"संपर्क ऐप में मेन्यू खोलें, फिर शेयर या एक्सपोर्ट, और सब या कुछ संपर्क चुनें।": "a menu of phones",
}

// TestWords holds the catalogue, the page templates and the emails to docs/words.md.
func TestWords(t *testing.T) {
	t.Parallel()
	terms, turns, _ := glossary(t)
	english, devanagari := turns, []forbidden(nil)
	for _, x := range terms {
		english, devanagari = append(english, x.notEnglish...), append(devanagari, x.notHindi...)
	}
	used := map[string]bool{}
	say := func(where, text string, list []forbidden) {
		for _, f := range list {
			if !f.in(text) {
				continue
			}
			if excusedWords[text] != "" {
				used[text] = true
				continue
			}
			t.Errorf("%s: %q says %q, and the word for it is %q (docs/words.md)", where, text, f.text, f.better)
		}
	}
	for en, hi := range hindi {
		say("the catalogue", en, english)
		say("the Hindi of "+en, hi, devanagari)
	}
	for where, texts := range templates(t) {
		for _, text := range texts {
			say(where, text, english)
			say(where, text, devanagari)
		}
	}
	for text := range excusedWords {
		if !used[text] {
			t.Errorf("%q needs no excuse", text)
		}
	}
	for _, x := range terms {
		if !slices.ContainsFunc(catalogue(), func(s [2]string) bool {
			return strings.Contains(strings.ToLower(s[0]), strings.ToLower(x.english)) &&
				strings.Contains(s[1], x.hindi)
		}) {
			t.Errorf("no sentence of the catalogue says %q and %q: is the glossary out of date?", x.english, x.hindi)
		}
	}
}

// TestAccountsAndKhatas holds that Hindi keeps the two apart that English does: अकाउंट is who pays, खाता is the book.
func TestAccountsAndKhatas(t *testing.T) {
	t.Parallel()
	book := regexp.MustCompile(`(?i)khata|account of|statement|whose account|the whole account: `)
	account := regexp.MustCompile(`(?i)\baccounts?\b`)
	for en, hi := range hindi {
		if account.MatchString(en) && !book.MatchString(en) &&
			(strings.Contains(hi, "खाता") || strings.Contains(hi, "खाते")) {
			t.Errorf("%q is about an account, and its Hindi %q about a khata", en, hi)
		}
	}
}

// TestWordsAreFound tries the search itself: a word of its own is found, a part of another is not.
func TestWordsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		word, text string
		want       bool
	}{
		{"mail", "Check your mail.", true},
		{"mail", "Check your email.", false},
		{"/(?-i:ids?)/", "The id", true},
		{"/(?-i:ids?)/", "The ID", false},
		{"/(?-i:ids?)/", "This did not work", false},
		{"शेष", "शेष 5", true},
		{"शेष", "विशेष", false},
		{"बाकी", "बाकी।", true},
		{`/bring (it\|them) back/`, "Bring them back now", true},
		{`/bring (it\|them) back/`, "Bring us back", false},
		{"मेल भेज", "ईमेल भेज", false},
	} {
		if got := forbid(t, c.word, "")[0].in(c.text); got != c.want {
			t.Errorf("%q in %q = %v, want %v", c.word, c.text, got, c.want)
		}
	}
}

func catalogue() (list [][2]string) {
	for en, hi := range hindi {
		list = append(list, [2]string{en, hi})
	}
	return list
}

var (
	quoted   = regexp.MustCompile(`"((?:[^"\\\n]|\\.)*)"`)
	textNode = regexp.MustCompile(`>([^<>{}\n]+)<`)
)

// templates returns the sentences in the templates of pages and in emails, by file: text, and literals with a space.
func templates(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../page/*/*.templ")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../ui/*.templ")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, more...)
	for _, name := range []string{"emailchange", "leaving", "letters", "notice"} {
		files = append(files, "../../mail/"+name+".go")
	}
	out := map[string][]string{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(strings.TrimSpace(line), "//") {
				continue
			}
			for _, re := range []*regexp.Regexp{quoted, textNode} {
				for _, m := range re.FindAllStringSubmatch(line, -1) {
					// An attribute's value is a name for style sheets and modules, not a text.
					if strings.Contains(strings.TrimSpace(m[1]), " ") && !strings.Contains(line, `class="`+m[1]+`"`) {
						out[name] = append(out[name], m[1])
					}
				}
			}
		}
	}
	if len(out) < 30 {
		t.Fatalf("only %d templates have texts", len(out))
	}
	return out
}
