package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
)

// maxKept is how many messages an outbox keeps; older ones make room.
const maxKept = 500

// An Outbox keeps messages as files instead of sending them. It is for
// development only: letters have secrets in them.
type Outbox struct{ dir string }

// A Mail is a message in an outbox.
type Mail struct {
	ID string `json:"-"`
	Message
	SentAt time.Time
}

// NewOutbox opens the outbox in a folder, which only its owner can read, and
// makes it when it is missing.
func NewOutbox(dir string) (*Outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the outbox: %w", err)
	}
	return &Outbox{dir: dir}, nil
}

// Send implements Sender. A message stands whole in the outbox or not at all.
func (o *Outbox) Send(_ context.Context, m Message) error {
	id, err := uuid.NewV7() // in the order of time
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(Mail{Message: m, SentAt: time.Now().UTC()}, "", "  ")
	if err != nil {
		return err
	}
	if err := o.write(id.String(), data); err != nil {
		return fmt.Errorf("write to the outbox: %w", err)
	}
	return o.prune()
}

func (o *Outbox) write(id string, data []byte) error {
	f, err := os.CreateTemp(o.dir, "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), o.path(id))
}

func (o *Outbox) path(id string) string { return filepath.Join(o.dir, id+".json") }

// ids returns the messages' ids, newest first.
func (o *Outbox) ids() ([]string, error) {
	files, err := os.ReadDir(o.dir)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	var ids []string
	for _, f := range files {
		if id, ok := strings.CutSuffix(f.Name(), ".json"); ok && uuid.Validate(id) == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}

func (o *Outbox) prune() error {
	ids, err := o.ids()
	if err != nil {
		return err
	}
	for _, id := range ids[min(len(ids), maxKept):] {
		if err := os.Remove(o.path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("prune the outbox: %w", err)
		}
	}
	return nil
}

// List returns the newest hundred messages, newest first.
func (o *Outbox) List() ([]Mail, error) {
	ids, err := o.ids()
	if err != nil {
		return nil, err
	}
	list := []Mail{}
	for _, id := range ids[:min(len(ids), 100)] {
		m, err := o.Read(id)
		if fault.Is(err, fault.NotFound) { // pruned meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// Read returns one message; NotFound for an id that is none of the outbox's.
func (o *Outbox) Read(id string) (Mail, error) {
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.String() != id { // nothing but an id ever becomes part of a path
		return Mail{}, fault.New(fault.NotFound, "Page not found.")
	}
	data, err := os.ReadFile(o.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return Mail{}, fault.New(fault.NotFound, "Page not found.")
	}
	if err != nil {
		return Mail{}, fmt.Errorf("read the outbox: %w", err)
	}
	m := Mail{ID: id}
	if err := json.Unmarshal(data, &m); err != nil {
		return Mail{}, fmt.Errorf("read the mail %s: %w", id, err)
	}
	return m, nil
}
