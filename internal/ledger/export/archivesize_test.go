package export

import (
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A watch notes the most memory in use while bytes go by.
type watch struct {
	io.Writer
	next, most uint64
}

func (w *watch) Write(b []byte) (int, error) {
	if w.next += uint64(len(b)); w.next > 256<<10 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		w.next, w.most = 0, max(w.most, m.HeapAlloc)
	}
	return w.Writer.Write(b)
}

// An archive of 40,000 entries takes no more memory than one of none: rows stream into it.
func TestArchiveStreams(t *testing.T) {
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	for _, sql := range []string{
		`insert into parties (account_id, business_id, id, kind, name, name_key, request_hash, created_by)
		select $1, $2, gen_random_uuid(), 'customer', 'Party ' || n, 'party ' || n, sha256('x'), $3 from generate_series(1, 5) n`,
		`insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, request_hash, created_by)
		select p.account_id, p.business_id, gen_random_uuid(), p.id, 'given', 1 + n, date '2026-01-01' + n % 90,
		    sha256('x'), $3
		from parties p, generate_series(1, 8000) n where p.account_id = $1 and p.business_id = $2`,
	} {
		if _, err := db.Super.Exec(t.Context(), sql, u.AccountID, u.BusinessID, u.UserID); err != nil {
			t.Fatal(err)
		}
	}
	var idle runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&idle)
	out := &watch{Writer: io.Discard}
	a := NewArchive(out, time.Now())
	if err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
		return a.Business(t.Context(), tx, "Asha",
			"INR")
	}); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if out.most == 0 || out.most > idle.HeapAlloc+8<<20 {
		t.Errorf("%d MB in use at most, %d MB before", out.most>>20, idle.HeapAlloc>>20)
	}
}
