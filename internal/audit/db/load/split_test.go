package load

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	const file = `-- a comment; with a semicolon
create table a (x text default ';'); /* and ; /* nested ; */ */
create function f() returns int language plpgsql as $body$
begin
  perform ';';
  return 1; end $body$;

create function g() returns int language sql begin atomic
  select case when true then 1 else 2 end;
  select 2;
end;
copy a from stdin;
x;y
\.
\connect other
insert into a values (E'it\'s; fine'), ('it''s; too'), ($1$);
select 1`
	got := Split("m.sql", file)
	want := []struct {
		line  int
		begin string
	}{
		{
			2,
			"create table a",
		}, {3, "create function f"}, {8, "create function g"}, {12, "copy a"}, {16, "insert into a"}, {17, "select 1"},
	}
	if len(got) != len(want) {
		t.Fatalf("Split gave %d statements, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if got[i].Line != w.line || got[i].Text[:len(w.begin)] != w.begin {
			t.Errorf("statement %d is at line %d: %q; want line %d: %q", i, got[i].Line, got[i].Text, w.line, w.begin)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("select 1; $$ ; $$ 'a'' \" /* -- \n")
	f.Fuzz(func(t *testing.T, text string) { Split("m.sql", text) }) // neither panics nor hangs
}

func TestFilesInOrderAndWithoutUndoing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"V10__c.sql": "select 10;", "V2__b.sql": "select 2;\n-- +goose Down\ndrop table x;", "V2__b.down.sql": "drop",
		"notes.txt": "no",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Files(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("Files = %v, %v; want two files", files, err)
	}
	if files[0].Text != "select 2;\n" || files[1].Name != "V10__c.sql" {
		t.Errorf("Files = %q", files)
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	s := Statement{Text: "create policy p on t\n  using (true)", File: "a.sql", Line: 7}
	if p := s.Place(30); p.Line != 8 || p.Text != "using (true)" {
		t.Errorf("Place = %+v, want line 8", p)
	}
}
