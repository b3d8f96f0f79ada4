package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
)

// A limit is how often something may be tried in a window. Windows stand
// still once begun: tries during a refusal do not make it longer.
type limit struct {
	name, subject string
	max           int
	window        time.Duration
}

// The limits. Those of an address within one network are narrow; those of an
// address over all networks are wide and have a way around them, because
// anybody can use them up on somebody else: a sign-in from a network that the user signed in
// from passes, and a recovery link outlives the recovery window. Networks are wide as well: a
// whole bazaar may sit behind one address. A device that the user signed in from has a limit of
// its own instead of all of these.
func signInLimits(email, network string) []limit {
	return []limit{
		{"sign-in address+network", email + " " + network, 10, 15 * time.Minute},
		{signInNetwork, network, 200, 15 * time.Minute},
		{signInAddress, email, 50, 15 * time.Minute},
	}
}

const (
	signInAddress = "sign-in address"
	signInNetwork = "sign-in network"
)

// deviceLimits are those of a known device, instead of signInLimits.
func deviceLimits(email string, device [32]byte) []limit {
	return []limit{{"sign-in device", email + " " + hex.EncodeToString(device[:]), 10, 15 * time.Minute}}
}

// emailChangeLimits bound the letters that a user can have sent to addresses of others.
func emailChangeLimits(user, email string) []limit {
	return []limit{
		{"email change user", user, 5, 24 * time.Hour},
		{"email change address", email, 5, 24 * time.Hour},
	}
}

// signedInLimits count sign-ins that succeeded: each costs a hash and leaves a session, also to who knows the
// password. A stranger cannot use them up.
func signedInLimits(email string) []limit {
	return []limit{{"signed-in address", email, 60, 15 * time.Minute}}
}

func signUpLimits(email, network string) []limit {
	return []limit{
		{"sign-up address+network", email + " " + network, 5, time.Hour},
		{"sign-up network", network, 40, time.Hour},
		{"sign-up address", email, 10, time.Hour},
	}
}

func recoveryLimits(email, network string) []limit {
	return []limit{
		{"recovery address+network", email + " " + network, 3, 15 * time.Minute},
		{"recovery network", network, 40, 15 * time.Minute},
		{"recovery address", email, 5, 15 * time.Minute},
	}
}

func linkLimits(kind string, link [32]byte) []limit {
	return []limit{{kind + " link", hex.EncodeToString(link[:]), 10, 15 * time.Minute}}
}

func passwordLimits(user string) []limit {
	return []limit{{"password user", user, 10, 15 * time.Minute}}
}

// totpLimits bound how often somebody guesses at six digits. Who knows the password can use them up; a passkey and the
// recovery codes, which nobody guesses, have limits of their own and stay as ways in.
func totpLimits(user string) []limit {
	return []limit{{"code user", user, 10, 15 * time.Minute}, {"code user day", user, 50, 24 * time.Hour}}
}

func codeLimits(user string) []limit {
	return []limit{{"recovery code user", user, 20, 15 * time.Minute}}
}

func passkeyUserLimits(user string) []limit {
	return []limit{{"passkey user", user, 60, 15 * time.Minute}}
}

func passkeyNetworkLimits(network string) []limit {
	return []limit{{"passkey network", network, 300, 15 * time.Minute}}
}

func challengeLimits(what, subject string) []limit {
	return []limit{{"challenge " + what, subject, 300, 15 * time.Minute}}
}

// ThrottleLinks counts one opening of a shared link, right or wrong, and refuses a network that opens too many.
func (s *Service) ThrottleLinks(ctx context.Context, network string) error {
	return s.throttle(ctx, []limit{{"shared link network", networkOf(network), 300, 5 * time.Minute}})
}

// ThrottleAccount counts one use by an account of what costs more than a page, and refuses an account that uses it more
// often than most in a window; also any, when all together use it more often than inAll. Who asks again before the time
// that the refusal named is refused again after a pause, and the database is not asked: a program that never stops
// asking takes nobody else's time.
func (s *Service) ThrottleAccount(ctx context.Context, name string, account uuid.UUID, most, inAll int,
	window time.Duration,
) error {
	own := limit{name + " account", account.String(), most, window}
	if wait := s.refused.left(own); wait > 0 {
		pause := time.NewTimer(refusalPause)
		defer pause.Stop()
		select {
		case <-pause.C:
			return tooMany(wait)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := s.throttle(ctx, []limit{own, {name + " in all", "", inAll, window}})
	if refusal := fault.Of(err); refusal != nil && refusal.Kind == fault.TooMany {
		s.refused.remember(own, refusal.Retry)
	}
	return err
}

// refusalPause is how long a repeated refusal takes.
const refusalPause = time.Second

// refusals remember whom this node has refused, until the limit lets them in again.
type refusals struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// mostRefused is how many are remembered. Who is forgotten is refused by the database.
const mostRefused = 10_000

func (r *refusals) remember(l limit, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if len(r.until) >= mostRefused {
		maps.DeleteFunc(r.until, func(_ string, until time.Time) bool { return !until.After(now) })
	}
	if r.until == nil || len(r.until) >= mostRefused {
		r.until = map[string]time.Time{}
	}
	r.until[l.key()] = now.Add(wait)
}

// left is how long the limit lasts for one who was refused.
func (r *refusals) left(l limit) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Until(r.until[l.key()])
}

func invitationLimits(account, email string) []limit {
	return []limit{{"invitation account", account, 60, time.Hour}, {"invitation address", email, 10, 24 * time.Hour}}
}

// key is what the table knows a limit by: no address stands in it.
func (l limit) key() string {
	h := sha256.Sum256([]byte(l.subject))
	return l.name + " " + hex.EncodeToString(h[:16])
}

func keys(limits []limit) []string {
	ks := make([]string, len(limits))
	for i, l := range limits {
		ks[i] = l.key()
	}
	return ks
}

// count counts one try against every limit, in one statement that nodes and
// parallel requests share, and returns the names of the limits that are exceeded, with how
// long the longest of them lasts.
func (s *Service) count(ctx context.Context, limits []limit) (exceeded []string, wait time.Duration, err error) {
	rows, err := tally(ctx, s.db.Auth, limits)
	if err != nil {
		return nil, 0, err
	}
	counts := map[string]int{}
	waits := map[string]time.Duration{}
	var key string
	var n int
	var left int64
	if _, err := pgx.ForEachRow(rows, []any{&key, &n, &left}, func() error {
		counts[key], waits[key] = n, time.Duration(left)*time.Second
		return nil
	}); err != nil {
		return nil, 0, err
	}
	for _, l := range limits {
		if n, ok := counts[l.key()]; !ok || n > l.max {
			exceeded, wait = append(exceeded, l.name), max(wait, waits[l.key()])
		}
	}
	return exceeded, wait, nil
}

// tally adds one to every limit and returns key, count and seconds left of each.
func tally(ctx context.Context, q interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}, limits []limit,
) (pgx.Rows, error) {
	// one order of locks for all
	slices.SortFunc(limits, func(a, b limit) int { return strings.Compare(a.key(), b.key()) })
	seconds := make([]int64, len(limits))
	for i, l := range limits {
		seconds[i] = int64(l.window / time.Second)
	}
	return q.Query(ctx, `
		insert into throttles as t (key, ends_at, count)
		select l.key, now() + make_interval(secs => l.seconds), 1
		  from unnest($1::text[], $2::bigint[]) with ordinality l(key, seconds, n)
		 order by l.n
		on conflict (key) do update
		   set ends_at = case when t.ends_at <= now() then excluded.ends_at else t.ends_at end,
		       count = case when t.ends_at <= now() then 1 else least(t.count + 1, 1000000) end
		returning key, count, ceil(extract(epoch from ends_at - now()))::bigint`, keys(limits), seconds)
}

// refuse refuses a try when a limit is used up already. It writes nothing: what is refused makes no row, or a stranger
// could fill the table with made-up addresses.
func (s *Service) refuse(ctx context.Context, limits []limit) error {
	most := make([]int64, len(limits))
	for i, l := range limits {
		most[i] = int64(l.max)
	}
	var left *int64
	err := s.db.Auth.QueryRow(ctx, `
		select max(ceil(extract(epoch from t.ends_at - now())))::bigint
		  from throttles t join unnest($1::text[], $2::bigint[]) l(key, most) on l.key = t.key
		 where t.ends_at > now() and t.count >= l.most`, keys(limits), most).Scan(&left)
	if err == nil && left != nil {
		err = tooMany(time.Duration(*left) * time.Second)
	}
	return err
}

// throttle counts one try and refuses it when a limit is exceeded.
func (s *Service) throttle(ctx context.Context, limits []limit) error {
	if err := s.refuse(ctx, limits); err != nil {
		return err
	}
	exceeded, wait, err := s.count(ctx, limits)
	if err != nil {
		return err
	}
	if len(exceeded) > 0 {
		return tooMany(wait)
	}
	return nil
}

func tooMany(wait time.Duration) error {
	return fault.New(fault.TooMany, "Too many tries. Please wait %d min and try again.",
		max(1, int(math.Ceil(wait.Minutes())))).After(wait)
}

// forgive takes one try back: only failures are meant to count.
func forgive(ctx context.Context, tx pgx.Tx, limits []limit) error {
	_, err := tx.Exec(ctx, `
		update throttles set count = count - 1
		 where key in (select t.key from throttles t where t.key = any ($1) and t.count > 0 order by t.key for update)`, keys(limits))
	return err
}

// networkOf is the part of a network address that one subscriber has: an IPv4
// address, or the first 64 bits of an IPv6 address.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
