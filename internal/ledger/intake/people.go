package intake

import (
	"slices"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
)

// manyPhones stands for the phones of a name that the file has with several.
const manyPhones = "?"

// meet keeps which phone a file has with which name, before any line is read.
func (r *reader) meet(row Row) {
	if len(r.columns[Phone]) == 0 && len(r.sections) == 0 {
		return
	}
	name := r.name(row)
	if name == "" {
		return
	}
	phones, _ := r.rowPhones(row)
	if len(phones) == 0 {
		return
	}
	switch key := r.key(name); r.phones[key] {
	case "":
		r.phones[key] = phones[0]
	case manyPhones:
	default:
		if !slices.Contains(phones, r.phones[key]) {
			r.phones[key] = manyPhones
		}
	}
}

// find returns the party that a line is about: one of the khata, one of an earlier line, or a new one. No person is
// decided by the name alone when phones differ: two people of one name and different phones are two parties.
func (r *reader) find(row Row, f ledger.PartyFields, phones []string) *Party {
	if r.single != nil {
		return r.single
	}
	key := r.key(f.Name)
	named, inFile := r.there.byName[key], r.phones[key]
	if len(phones) == 0 && inFile == manyPhones {
		r.problem(row, Name, errSeveral)
		return nil
	}
	if len(phones) == 0 && inFile != "" {
		phones = []string{inFile}
	}
	if len(phones) == 0 {
		switch len(named) {
		case 0:
			return r.fresh(key, f, row)
		case 1:
			return r.old(named[0], row)
		}
		r.problem(row, Name, errSeveral)
		return nil
	}
	f.Phone = phones[0]
	var same, without []known
	for _, k := range named {
		switch {
		case slices.Contains(phones, k.fields.Phone):
			same = append(same, k)
		case k.fields.Phone == "":
			without = append(without, k)
		}
	}
	switch {
	case len(same) == 1:
		return r.old(same[0], row)
	case len(same) > 1, len(without) > 0 && (len(named) > 1 || inFile == manyPhones):
		r.problem(row, Name, errSeveral)
		return nil
	case len(without) == 1:
		p := r.old(without[0], row)
		if p.Phone == "" {
			p.Phone, p.Fills = f.Phone, true
		}
		return p
	}
	if len(named) == 0 {
		for _, phone := range phones {
			numbered := r.there.byPhone[phone]
			switch {
			case len(numbered) == 0:
			case r.t.Kind == "vcard" && len(numbered) == 1: // a contact is the same under another name
				return r.old(numbered[0], row)
			case r.t.Kind == "vcard":
				r.problem(row, Name, errSeveral)
				return nil
			default:
				p := r.fresh(key, f, row)
				if p.Line == row.Line {
					r.note(row, Phone,
						fault.New(fault.Invalid,
							"In the khata, this phone is that of %s. This line is about another party.", numbered[0].fields.Name))
				}
				return p
			}
		}
		return r.fresh(key, f, row)
	}
	p := r.fresh(key, f, row)
	if p.Line == row.Line {
		r.note(row, Phone,
			fault.New(fault.Invalid,
				"%s is in the khata with another phone. This line is about a second party of this name.", f.Name))
	}
	return p
}

// old is a party of the khata.
func (r *reader) old(k known, row Row) *Party {
	id := k.id.String()
	p := r.parties[id]
	if p == nil {
		p = &Party{
			BatchParty: ledger.BatchParty{ID: k.id, PartyFields: k.fields}, Before: k.balance, After: k.balance,
			Line: row.Line, opening: k.opening, begun: k.begun,
		}
		r.parties[id] = p
	}
	return p
}

// fresh is a new party, the same for all lines of one name and phone.
func (r *reader) fresh(key string, f ledger.PartyFields, row Row) *Party {
	if p := r.parties["new "+key+" "+f.Phone]; p != nil {
		return p
	}
	p := &Party{BatchParty: ledger.BatchParty{
		ID:          uuid.NewSHA1(r.o.Upload, []byte("party "+key+" "+f.Phone)),
		PartyFields: f,
	}, New: true, Line: row.Line}
	return p
}

// keep takes a party into the plan, once.
func (r *reader) keep(p *Party, row Row) {
	if p.kept {
		return
	}
	p.kept = true
	r.Parties = append(r.Parties, p)
	if p.New {
		r.parties["new "+r.key(p.Name)+" "+p.Phone] = p
		r.New++
	}
}

// whose is the party that all of a file is about, as somebody has said; an error says why it is none.
func (r *reader) whose() (*Party, error) {
	m := r.o.Mapping
	if m.PartyID != uuid.Nil {
		k, ok := r.there.byID[m.PartyID]
		if !ok {
			return nil, fault.New(fault.Invalid, "This party is no longer in the khata.")
		}
		return r.old(k, Row{}), nil
	}
	f, err := ledger.PartyFields{Kind: m.Kind, Name: m.Party}.Clean()
	if err != nil {
		return nil, err
	}
	switch named := r.there.byName[r.key(f.Name)]; len(named) {
	case 0:
		return r.fresh(r.key(f.Name), f, Row{}), nil
	case 1:
		return r.old(named[0], Row{}), nil
	}
	return nil, errSeveral
}
