package frame

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	t.Parallel()
	var p Pace
	now := time.Now()
	if took, of := p.Percentile(95, now); took != 0 || of != 0 {
		t.Errorf("without any: %v of %d", took, of)
	}
	for i := range 100 {
		p.add(now, time.Duration(100-i)*time.Millisecond)
	}
	p.add(now.Add(-2*time.Hour), time.Minute)
	for percent, want := range map[int]time.Duration{
		50: 50 * time.Millisecond, 95: 95 * time.Millisecond, 100: 100 * time.Millisecond,
	} {
		if took, of := p.Percentile(percent, now); took != want || of != 100 {
			t.Errorf("%d %%: %v of %d, want %v of 100", percent, took, of, want)
		}
	}
	for range 2 * paceMost {
		p.add(now, time.Second)
	}
	if took, of := p.Percentile(1, now); took != time.Second || of != paceMost || len(p.ring) != paceMost {
		t.Errorf("a full ring: %v of %d, %d kept", took, of, len(p.ring))
	}
}

func TestWhatIsPaced(t *testing.T) {
	t.Parallel()
	f := &Frame{}
	for _, c := range []struct {
		route Route
		want  *Pace
	}{
		{Route{Pattern: "GET /b/{business}", Access: Member}, &f.Reads},
		{Route{Pattern: "GET /billing", Access: Owns}, &f.Reads},
		{Route{Pattern: "GET /admin", Access: Operator}, &f.OperatorReads},
		{Route{Pattern: "POST /admin", Access: Operator}, nil},
		{Route{Pattern: "GET /pricing", Access: Anyone}, nil},
		{Route{Pattern: "GET /api/credits", Access: Program}, nil},
		{Route{Pattern: "GET /b/{business}/export.pdf", Access: SeesTotals, Limit: MakesFile}, nil},
	} {
		if got := f.paceOf(&c.route); got != c.want {
			t.Errorf("%s goes to %p, want %p", c.route.Pattern, got, c.want)
		}
	}
}
