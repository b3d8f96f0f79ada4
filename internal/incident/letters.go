package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// An Affected person owns an account of which others saw something.
type Affected struct {
	Account     uuid.UUID
	AccountName string
	Name, Email string
	Locale      string
}

// A Draft is a letter to one person, in both languages. Nothing sends it.
type Draft struct {
	To            Affected
	English       string
	Hindi         string
	Seen          int    // times
	Kinds         string // what, in English
	First, Latest time.Time
}

// DraftLetters drafts a letter to each owner of an account of which others saw something. The words leave a place for
// what happened and what was done: only a person can say that. That letters were drafted is logged.
func (s *Service) DraftLetters(ctx context.Context, who string, r Radius) (drafts []Draft, err error) {
	byAccount := map[uuid.UUID][]Sight{}
	var accounts []uuid.UUID
	for _, one := range r.Foreign() {
		if byAccount[one.Owner] == nil {
			accounts = append(accounts, one.Owner)
		}
		byAccount[one.Owner] = append(byAccount[one.Owner], one)
	}
	if err := s.log(ctx, who, "letters", fmt.Sprintf("about %d accounts", len(accounts)), ""); err != nil {
		return nil, err
	}
	if len(accounts) == 0 {
		return nil, nil
	}
	var people []Affected
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select account_id, account_name, name, email, locale from tijori_ops.affected($1)`, accounts)
		if err != nil {
			return err
		}
		people, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Affected])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up who is affected: %w", err)
	}
	for _, p := range people {
		drafts = append(drafts, draft(p, byAccount[p.Account]))
	}
	return drafts, nil
}

// kinds are what was seen, as people call it.
var kinds = []struct{ kind, english, hindi string }{
	{"invoice", "invoices of your plan", "आपके प्लान के बिल"},
	{"party", "pages of your parties", "आपकी पार्टियों के पेज"},
	{"entry", "entries of your khata", "आपके खाते की एंट्री"},
	{"business", "pages of your shop", "आपकी दुकान के पेज"},
	{"account", "pages of your account", "आपके अकाउंट के पेज"},
}

func draft(to Affected, sights []Sight) Draft {
	d := Draft{To: to, First: sights[0].First, Latest: sights[0].Last}
	var english, hindi []string
	for _, k := range kinds {
		objects := map[string]bool{}
		for _, s := range sights {
			if s.Kind == k.kind {
				objects[s.Object] = true
			}
		}
		if len(objects) > 0 {
			english = append(english, fmt.Sprintf("%s (%d)", k.english, len(objects)))
			hindi = append(hindi, fmt.Sprintf("%s (%d)", k.hindi, len(objects)))
		}
	}
	callers := map[uuid.UUID]bool{}
	for _, s := range sights {
		d.Seen += s.Times
		callers[s.Account] = true
		if s.First.Before(d.First) {
			d.First = s.First
		}
		if s.Last.After(d.Latest) {
			d.Latest = s.Last
		}
	}
	d.Kinds = strings.Join(english, ", ")
	zone := time.FixedZone("IST", 5*3600+1800)
	first, last := d.First.In(zone).Format("2 Jan 2006, 15:04 IST"), d.Latest.In(zone).Format("2 Jan 2006, 15:04 IST")
	d.English = fmt.Sprintf(`Subject: Somebody else could see part of your Tijori account

Hello %[1]s,

we have to tell you about a mistake of ours. Between %[3]s and %[4]s, %[5]s saw data of your account "%[2]s" that is
not theirs:

  %[6]s, %[7]s in all.

[What happened, in two sentences: which page, why.]
[What we have done: when it was stopped, when it was repaired.]

Nothing in your account was changed by this, as far as we can see. [Check before you send this sentence.]
You need not do anything. [Or: what to do, such as a new password.]

If you saw something that is not yours, or have a question, answer this email. A person reads it.

We are sorry.

Tijori
`, to.Name, to.AccountName, first, last, people(len(callers)), d.Kinds, times(d.Seen))
	d.Hindi = fmt.Sprintf(`Subject: आपके तिजोरी अकाउंट का कुछ हिस्सा किसी और को दिख गया

नमस्ते %[1]s,

हमसे एक गलती हुई है, और यह आपको बताना ज़रूरी है। %[3]s से %[4]s के बीच आपके अकाउंट "%[2]s" की ऐसी जानकारी
%[5]d और अकाउंट के लोगों को दिखी जो उनकी नहीं थी:

  %[6]s, कुल %[7]d बार।

[क्या हुआ, दो वाक्य में: कौन सा पेज, क्यों।]
[हमने क्या किया: कब रोका, कब ठीक किया।]

जहाँ तक हमें दिखता है, इससे आपके अकाउंट में कुछ नहीं बदला। [भेजने से पहले यह वाक्य जाँच लें।]
आपको कुछ करने की ज़रूरत नहीं है। [या: क्या करें, जैसे नया पासवर्ड।]

अगर आपको कुछ ऐसा दिखा जो आपका नहीं है, या कोई सवाल है, तो इसी ईमेल का जवाब दें। उसे एक इंसान पढ़ता है।

हमें अफ़सोस है।

तिजोरी
`, to.Name, to.AccountName, first, last, len(callers), strings.Join(hindi, ", "), d.Seen)
	return d
}

func people(accounts int) string {
	if accounts == 1 {
		return "people of one other account"
	}
	return fmt.Sprintf("people of %d other accounts", accounts)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Languages are a draft's texts in the order for its reader: the reader's own first.
func (d Draft) Languages() []string {
	texts := []string{d.English, d.Hindi}
	if d.To.Locale == "hi" {
		slices.Reverse(texts)
	}
	return texts
}
