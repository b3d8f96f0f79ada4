package credits

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

// A purse is what credits mean, slowly and obviously: one meter of one account.
// Times are whole seconds.
type purse struct {
	now   int
	lots  []modelLot
	holds map[string]modelHold // by idempotency key
	keys  map[string]modelAnswer
}

type modelLot struct {
	order    int // of burning
	expires  int
	left     int64
	priority int
}

type modelHold struct {
	amount, captured int64
	life, expires    int
	status           string
	parts            []modelLot // in the order in which they were taken
	first            int64      // available after it was made
	other            bool       // it was made by an attempt that nobody has any more
	after            int64      // available after it ended
}

type modelAnswer struct {
	amount, available int64
}

// A modelOp is something done to a purse.
type modelOp struct {
	kind   string // consume, hold, capture, release, read, grant, advance
	key    string // of consume and hold; of the hold for capture and release
	amount int64
	life   int // of a hold, of a grant (0 is for ever), and how far to advance
	order  int // of a grant: its priority

	// Of a hold: it is asked for by an attempt that no other has.
	other bool
}

// A modelResult is what is answered.
type modelResult struct {
	outcome   string
	available int64
	captured  int64
}

func (r modelResult) String() string {
	return fmt.Sprintf("%s %d %d", r.outcome, r.available, r.captured)
}

func (o modelOp) String() string {
	return fmt.Sprintf("%s %q %d %d %d %v", o.kind, o.key, o.amount, o.life, o.order, o.other)
}

func newPurse() *purse { return &purse{holds: map[string]modelHold{}, keys: map[string]modelAnswer{}} }

func (p *purse) clone() *purse {
	return &purse{now: p.now, lots: slices.Clone(p.lots), holds: maps.Clone(p.holds), keys: maps.Clone(p.keys)}
}

// String tells the whole state, so two purses are equal when it is.
func (p *purse) String() string {
	var b strings.Builder
	fmt.Fprint(&b, p.now, p.lots)
	for _, k := range slices.Sorted(maps.Keys(p.holds)) {
		fmt.Fprint(&b, k, p.holds[k])
	}
	for _, k := range slices.Sorted(maps.Keys(p.keys)) {
		fmt.Fprint(&b, k, p.keys[k])
	}
	return b.String()
}

func (p *purse) available() (sum int64) {
	for _, l := range p.lots {
		sum += l.left
	}
	return sum
}

func (p *purse) held() (sum int64) {
	for _, h := range p.holds {
		if h.status == "open" {
			sum += h.amount
		}
	}
	return sum
}

// giveBack puts credits into the lots they came from, the last taken first.
func (p *purse) giveBack(parts []modelLot, amount int64) {
	for _, part := range slices.Backward(parts) {
		n := min(amount, part.left)
		amount -= n
		i := slices.IndexFunc(p.lots, func(l modelLot) bool { return l.order == part.order })
		if i < 0 {
			part.left = 0
			p.lots = append(p.lots, part)
			i = len(p.lots) - 1
		}
		p.lots[i].left += n
	}
}

// settle does what time has brought.
func (p *purse) settle() {
	for _, key := range slices.Sorted(maps.Keys(p.holds)) {
		if h := p.holds[key]; h.status == "open" && h.expires <= p.now {
			h.status = "expired"
			p.holds[key] = h
			p.giveBack(h.parts, h.amount)
		}
	}
	p.lots = slices.DeleteFunc(p.lots, func(l modelLot) bool {
		return l.expires > 0 && l.expires <= p.now ||
			l.left == 0
	})
	sort.Slice(p.lots, func(i, j int) bool {
		a, b := p.lots[i], p.lots[j]
		if a.priority != b.priority {
			return a.priority < b.priority
		}
		if a.expires != b.expires {
			return b.expires == 0 || a.expires != 0 && a.expires < b.expires
		}
		return a.order < b.order
	})
}

func (p *purse) take(amount int64) (parts []modelLot) {
	for i := range p.lots {
		n := min(amount, p.lots[i].left)
		if n > 0 {
			part := p.lots[i]
			part.left = n
			parts = append(parts, part)
			p.lots[i].left -= n
			amount -= n
		}
	}
	p.settle()
	return parts
}

// do applies an operation and returns what must be answered.
func (p *purse) do(o modelOp) modelResult {
	switch o.kind {
	case "advance":
		p.now += o.life
		return modelResult{outcome: "ok"}
	case "grant":
		l := modelLot{left: o.amount, priority: o.order}
		if o.life > 0 {
			l.expires = p.now + o.life
		}
		p.keys["grant "+o.key] = modelAnswer{amount: o.amount}
		for k := range p.keys {
			if strings.HasPrefix(k, "grant ") {
				l.order++
			}
		}
		p.lots = append(p.lots, l)
		p.settle()
		return modelResult{outcome: "ok"}
	}
	p.settle()
	switch o.kind {
	case "consume":
		if first, ok := p.keys[o.key]; ok {
			if first.amount != o.amount {
				return modelResult{outcome: "conflict"}
			}
			return modelResult{"ok", first.available, 0}
		}
		if p.available() < o.amount {
			return modelResult{"insufficient", p.available(), 0}
		}
		p.take(o.amount)
		p.keys[o.key] = modelAnswer{o.amount, p.available()}
		return modelResult{"ok", p.available(), 0}
	case "hold":
		if h, ok := p.holds[o.key]; ok {
			switch {
			case h.amount != o.amount || h.life != o.life:
				return modelResult{outcome: "conflict"}
			case h.status != "open":
				return modelResult{outcome: h.status}
			case h.other || o.other:
				return modelResult{outcome: Held}
			}
			return modelResult{"ok", h.first, 0}
		}
		if p.available() < o.amount {
			return modelResult{"insufficient", p.available(), 0}
		}
		h := modelHold{
			amount: o.amount, life: o.life, expires: p.now + o.life, status: "open", parts: p.take(o.amount),
			other: o.other,
		}
		h.first = p.available()
		p.holds[o.key] = h
		return modelResult{"ok", h.first, 0}
	case "capture", "release":
		return p.end(o)
	}
	return modelResult{"ok", p.available(), p.held()}
}

func (p *purse) end(o modelOp) modelResult {
	h, ok := p.holds[o.key]
	want := o.amount
	if want == 0 {
		want = h.amount
	}
	switch {
	case !ok:
		return modelResult{outcome: "not found"}
	case h.status == "captured" && o.kind == "capture" && want == h.captured:
		return modelResult{"ok", h.after, h.captured}
	case h.status == "captured":
		return modelResult{outcome: "conflict"}
	case h.status == "released" && o.kind == "release":
		return modelResult{"ok", h.after, 0}
	case h.status == "expired" && o.kind == "release":
		return modelResult{"ok", p.available(), 0}
	case h.status != "open":
		return modelResult{outcome: "conflict"}
	case o.kind == "capture" && want > h.amount:
		return modelResult{outcome: "invalid"}
	}
	h.status = "released"
	if o.kind == "capture" {
		h.status, h.captured = "captured", want
	}
	p.giveBack(h.parts, h.amount-h.captured)
	p.settle()
	h.after = p.available()
	p.holds[o.key] = h
	return modelResult{"ok", h.after, h.captured}
}
