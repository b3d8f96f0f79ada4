package race

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/tijorihq/tijori/internal/audit/target"
)

// salvo sends all shots so that the server can begin none before it has all
// but the last byte of each: over HTTP/2 in one packet, over HTTP/1.1 with the
// last byte held back on as many connections. It returns their statuses, 0
// where no answer came.
func salvo(r *target.Range, who *target.Someone, shots []*target.Shot, prior bool) ([]int, string, error) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(r.Config.Target.Seconds*2*float64(time.Second)))
	defer cancel()
	if prior || r.URL().Scheme == "https" {
		c, protocol, err := r.Dial(ctx, "h2", "http/1.1")
		if err != nil {
			return nil, "", err
		}
		if prior || protocol == "h2" {
			out, err := onePacket(ctx, c, r, who, shots)
			return out, "HTTP/2, all of them ended by one packet", errors.Join(err, closed(c))
		}
		if err := c.Close(); err != nil {
			return nil, "", err
		}
	}
	out, err := lastByte(ctx, r, who, shots)
	return out, "HTTP/1.1, the last byte of each held back", err
}

// closed closes a connection that the server may have closed already.
func closed(c net.Conn) error {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		var op *net.OpError
		if !errors.As(err, &op) {
			return err
		}
	}
	return nil
}

// wire is a shot as HTTP/1.1 writes it.
func wire(r *target.Range, who *target.Someone, s *target.Shot) ([]byte, error) {
	q, err := http.NewRequest(s.Method, r.URL().String()+s.Path,
		bytes.NewReader(s.Body)) //nolint:noctx // it is only written down
	if err != nil {
		return nil, err
	}
	q.Header = s.Header.Clone()
	who.Dress(q.Header)
	q.Header.Set("Connection", "close")
	var b bytes.Buffer
	if err := q.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// lastByte opens a connection for each shot and writes all of it but one byte;
// then every connection gets its last byte at once.
func lastByte(ctx context.Context, r *target.Range, who *target.Someone, shots []*target.Shot) ([]int, error) {
	conns, texts := make([]net.Conn, len(shots)), make([][]byte, len(shots))
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close() //nolint:errcheck // the answer is read or given up
			}
		}
	}()
	for i, s := range shots {
		text, err := wire(r, who, s)
		if err != nil {
			return nil, err
		}
		c, _, err := r.Dial(ctx, "http/1.1")
		if err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, len(shots), err)
		}
		conns[i], texts[i] = c, text
		if deadline, ok := ctx.Deadline(); ok {
			if err := c.SetDeadline(deadline); err != nil {
				return nil, err
			}
		}
		if _, err := c.Write(text[:len(text)-1]); err != nil {
			return nil, err
		}
	}
	gate := make(chan struct{})
	out := make([]int, len(shots))
	var done sync.WaitGroup
	for i := range shots {
		done.Go(func() {
			<-gate
			if _, err := conns[i].Write(texts[i][len(texts[i])-1:]); err != nil {
				return
			}
			q := &http.Request{Method: shots[i].Method}
			answer, err := http.ReadResponse(bufio.NewReader(conns[i]), q)
			if err != nil {
				return
			}
			out[i] = answer.StatusCode // the body tells nothing that the state does not
			_ = answer.Body.Close()    //nolint:errcheck // as above
		})
	}
	close(gate)
	done.Wait()
	return out, nil
}

// onePacket sends the shots as streams of one HTTP/2 connection, each without
// the frame that ends it; the frames that end them go out in one write.
func onePacket(ctx context.Context, c net.Conn, r *target.Range, who *target.Someone, shots []*target.Shot) ([]int,
	error,
) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	if _, err := c.Write([]byte(http2.ClientPreface)); err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(c, 1<<20)
	framer := http2.NewFramer(out, c)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	framer.MaxHeaderListSize = 1 << 20
	if err := framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}); err != nil {
		return nil, err
	}
	if err := framer.WriteWindowUpdate(0, 1<<28); err != nil {
		return nil, err
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i, s := range shots {
		block.Reset()
		if err := headers(encoder, r, who, s); err != nil {
			return nil, err
		}
		id := uint32(2*i + 1)
		err := framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: id, BlockFragment: block.Bytes(),
			EndHeaders: true,
		})
		if err == nil && len(s.Body) > 1 {
			err = framer.WriteData(id, false, s.Body[:len(s.Body)-1])
		}
		if err != nil {
			return nil, err
		}
	}
	if err := framer.WritePing(false, [8]byte{'t', 'i', 'j', 'o', 'r', 'i'}); err != nil {
		return nil, err
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	return finish(framer, out, shots)
}

// finish waits until the server has all streams, ends them together, and reads the statuses.
func finish(framer *http2.Framer, out *bufio.Writer, shots []*target.Shot) ([]int, error) {
	statuses, left, fired := make([]int, len(shots)), len(shots), false
	over := make([]bool, len(shots))
	for left > 0 {
		frame, err := framer.ReadFrame()
		if err != nil {
			if fired {
				return statuses, nil // what was not answered counts as failed
			}
			return nil, fmt.Errorf("HTTP/2: %w", err)
		}
		ended := false
		id := frame.Header().StreamID
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				if err := errors.Join(framer.WriteSettingsAck(), out.Flush()); err != nil {
					return nil, err
				}
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				if err := errors.Join(framer.WritePing(true, f.Data), out.Flush()); err != nil {
					return nil, err
				}
				continue
			}
			for i, s := range shots {
				if err := framer.WriteData(uint32(2*i+1), true, s.Body[max(0, len(s.Body)-1):]); err != nil {
					return nil, err
				}
			}
			if err := out.Flush(); err != nil { // one write for all of them
				return nil, err
			}
			fired = true
		case *http2.MetaHeadersFrame:
			if at := int(id-1) / 2; at < len(statuses) && statuses[at] == 0 {
				_, _ = fmt.Sscan(f.PseudoValue("status"), &statuses[at]) //nolint:errcheck // 0 stays
			}
			ended = f.StreamEnded()
		case *http2.DataFrame:
			ended = f.StreamEnded()
		case *http2.RSTStreamFrame:
			ended = true
		case *http2.GoAwayFrame:
			return nil, fmt.Errorf("HTTP/2: the server closes the connection: %v", f.ErrCode)
		}
		if at := int(id-1) / 2; ended && id > 0 && at < len(over) && !over[at] {
			over[at] = true
			left--
		}
	}
	return statuses, nil
}

func headers(encoder *hpack.Encoder, r *target.Range, who *target.Someone, s *target.Shot) error {
	h := s.Header.Clone()
	who.Dress(h)
	fields := []hpack.HeaderField{
		{Name: ":method", Value: s.Method},
		{Name: ":scheme", Value: r.URL().Scheme},
		{Name: ":authority", Value: r.URL().Host},
		{Name: ":path", Value: s.Path},
	}
	for name, values := range h {
		for _, v := range values {
			fields = append(fields, hpack.HeaderField{Name: lower(name), Value: v})
		}
	}
	if len(s.Body) > 0 {
		fields = append(fields, hpack.HeaderField{Name: "content-length", Value: fmt.Sprint(len(s.Body))})
	}
	for _, f := range fields {
		if err := encoder.WriteField(f); err != nil {
			return err
		}
	}
	return nil
}

func lower(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
