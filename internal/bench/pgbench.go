package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// runPgbench runs a script as a role for a while. Statements are prepared, as the server prepares them.
func (r *run) runPgbench(ctx context.Context, script, role string, clients int, d time.Duration) (sample, error) {
	dir, err := os.MkdirTemp(r.scratch, "pgbench")
	if err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return sample{}, err
	}
	seconds := max(1, int(d.Round(time.Second)/time.Second))
	cmd := exec.CommandContext(ctx, r.pgbench, "--no-vacuum", "--protocol=prepared",
		"--client="+strconv.Itoa(clients), "--jobs="+strconv.Itoa(min(clients, 2)),
		"--time="+strconv.Itoa(seconds), "--define=businesses="+strconv.Itoa(r.Businesses), "--log",
		"--log-prefix="+filepath.Join(dir, "log"), "--file="+file,
		"--host="+r.pg.SocketDir(), "--username="+role, databaseName)
	cmd.Env = append(os.Environ(), "PGPORT=5432")
	end, err := r.turn()
	if err != nil {
		return sample{}, err
	}
	defer end()
	before, err := r.spentCPU(ctx)
	if err != nil {
		return sample{}, err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("pgbench: %w: %s", err, lastLines(string(out), 16))
	}
	if strings.Contains(string(out), "aborted") {
		return sample{}, fmt.Errorf("pgbench: %s", lastLines(string(out), 12))
	}
	total := sample{took: time.Duration(seconds) * time.Second}
	logs, err := filepath.Glob(filepath.Join(dir, "log.*"))
	if err != nil {
		return sample{}, err
	}
	for _, name := range logs {
		if err := total.readLog(name); err != nil {
			return sample{}, err
		}
	}
	after, err := r.spentCPU(ctx)
	if err != nil {
		return sample{}, err
	}
	total.cpu = after - before
	if len(total.latencies) == 0 {
		return sample{}, fmt.Errorf("pgbench did nothing: %s", lastLines(string(out), 12))
	}
	return total, nil
}

// spentCPU is the processor time of all sessions that have ended. Unlike a rate, it says the same on a
// machine that does other things at the same time. It waits for pgbench's sessions to be gone: the
// postmaster counts them when it has seen them go.
func (r *run) spentCPU(ctx context.Context) (time.Duration, error) {
	last := time.Duration(-1)
	for calm := 0; calm < 4; {
		var n int
		if err := r.super.QueryRow(ctx,
			"select count(*) from pg_stat_activity where application_name = 'pgbench'").Scan(&n); err != nil {
			return 0, err
		}
		now, err := processCPU(r.pg.PID(), true)
		if err != nil {
			return 0, fmt.Errorf("read the database's processor time: %w", err)
		}
		if calm++; n > 0 || now != last {
			calm = 0
		}
		last = now
		time.Sleep(60 * time.Millisecond)
	}
	return last, nil
}

// readLog reads pgbench's log: client, transaction, microseconds, …
func (s *sample) readLog(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 {
			continue
		}
		us, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return fmt.Errorf("read pgbench's log: %w", err)
		}
		s.latencies = append(s.latencies, time.Duration(us)*time.Microsecond)
	}
	return lines.Err()
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
