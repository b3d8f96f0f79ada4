package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tijorihq/tijori/internal/postgres"
)

// clusterName is the stream of a base back-up's files, itself a tar.
const clusterName = "cluster.tar"

// base writes the files of the whole server, as PostgreSQL's own BASE_BACKUP gives them: it reads pages' check sums,
// and adds the log of changes that makes the files consistent.
func (m *Maker) base(ctx context.Context, w *writer, out *Manifest) error {
	err := m.Config.ReadAll(ctx, func(_ pgx.Tx, facts postgres.Facts, _ []postgres.Rows) error {
		out.set(facts)
		return nil
	})
	if err != nil {
		return err
	}
	config := m.Config.Admin.Config.Copy()
	config.RuntimeParams["replication"] = "true"
	delete(config.RuntimeParams, "search_path")
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return &Refusal{
			Problem: "the server gives no base back-up", Hint: "--kind logical needs nothing of it",
			Err: err,
		}
	}
	defer conn.Close(context.WithoutCancel(ctx))
	out.Cluster = &Cluster{}
	if out.Cluster.Line, err = m.line(ctx); err != nil {
		return err
	}
	result, err := conn.Exec(ctx, "IDENTIFY_SYSTEM").ReadAll()
	if err != nil || len(result) != 1 || len(result[0].Rows) != 1 {
		return fmt.Errorf("identify the server: %w", err)
	}
	out.Cluster.System = string(result[0].Rows[0][0])
	size, err := conn.Exec(ctx, "SHOW wal_segment_size").ReadAll()
	if err != nil || len(size) != 1 || len(size[0].Rows) != 1 {
		return fmt.Errorf("ask for the size of segments: %w", err)
	}
	if out.Cluster.Segment, err = segmentSize(string(size[0].Rows[0][0])); err != nil {
		return err
	}
	s := w.stream(clusterName)
	if err := baseBackup(ctx, conn, s, out.Cluster); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	out.Bytes, out.Cluster.SHA256 = s.bytes, s.digest()
	return nil
}

// baseBackup speaks the protocol of BASE_BACKUP since PostgreSQL 15: two results (where it starts; the tablespaces),
// one stream of messages with the files, one result (where it ended).
func baseBackup(ctx context.Context, conn *pgconn.PgConn, to io.Writer, c *Cluster) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Conn().Close() })
	defer stop()
	front := conn.Frontend()
	front.Send(&pgproto3.Query{String: "BASE_BACKUP (LABEL 'tijori', CHECKPOINT 'fast', WAL true, MANIFEST 'no')"})
	if err := front.Flush(); err != nil {
		return err
	}
	var firsts []string
	var tablespaces, archives int
	for {
		msg, err := front.Receive()
		if err != nil {
			return errors.Join(ctx.Err(), err)
		}
		switch msg := msg.(type) {
		case *pgproto3.DataRow:
			if len(msg.Values) == 2 { // a position and its timeline
				firsts = append(firsts, string(msg.Values[0]))
				if _, err := fmt.Sscanf(string(msg.Values[1]), "%d", &c.Timeline); err != nil {
					return fmt.Errorf("the server's timeline is %q", msg.Values[1])
				}
			} else {
				tablespaces++
			}
		case *pgproto3.CopyData:
			if err := copied(msg.Data, to, &archives); err != nil {
				return err
			}
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(msg)
		case *pgproto3.ReadyForQuery:
			if len(firsts) != 2 || tablespaces != 1 || archives != 1 {
				return &Refusal{
					Problem: fmt.Sprintf("the server has %d tablespaces", tablespaces),
					Hint:    "--kind logical reads them all",
				}
			}
			c.Start, c.Stop = firsts[0], firsts[1]
			return nil
		}
	}
}

// copied takes one message of the stream: a new archive, its data, or progress.
func copied(data []byte, to io.Writer, archives *int) error {
	if len(data) == 0 {
		return errors.New("the server sent an empty message")
	}
	switch data[0] {
	case 'n':
		if *archives++; *archives > 1 {
			return &Refusal{Problem: "the server has more than one tablespace", Hint: "--kind logical reads them all"}
		}
	case 'd':
		_, err := to.Write(data[1:])
		return err
	}
	return nil
}

// segmentSize reads a size as PostgreSQL shows it.
func segmentSize(text string) (int64, error) {
	var n int64
	var unit string
	if _, err := fmt.Sscanf(text, "%d%s", &n, &unit); err != nil || n < 1 {
		return 0, fmt.Errorf("the size of segments is %q", text)
	}
	switch unit {
	case "MB":
		return n << 20, nil
	case "GB":
		return n << 30, nil
	}
	return 0, fmt.Errorf("the size of segments is %q", text)
}

// line names the log that is kept in the target, "" when none is.
func (m *Maker) line(ctx context.Context) (string, error) {
	conn, err := pgx.ConnectConfig(ctx, m.Config.Admin)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	slots, err := listSlots(ctx, conn)
	if err != nil {
		return "", err
	}
	for _, s := range slots {
		if s.Status == "lost" {
			continue
		}
		line := strings.TrimPrefix(s.Name, slotPrefix)
		stored, err := m.Target.List(ctx, "log/"+line+"/")
		if err != nil {
			return "", err
		}
		if len(stored) > 0 {
			return line, nil
		}
	}
	return "", nil
}
