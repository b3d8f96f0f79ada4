package platform

import (
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
)

func TestParseImport(t *testing.T) {
	t.Parallel()
	const head = "external_id,provider,id\n"
	for name, c := range map[string]struct{ file, code string }{
		"good":                {head + "org_1,stripe,sub_1\norg_2,razorpay,cust_2\n", ""},
		"with a mark":         {"\ufeff" + head + "org_1,stripe,sub_1\n", ""},
		"of Windows":          {"external_id,provider,id\r\norg_1,stripe,cus_1\r\n", ""},
		"capitals and spaces": {"External_ID, Provider ,ID\n org_1 , Stripe , sub_1 \n", ""},
		"credits":             {"external_id,provider,id,credits\norg_1,stripe,sub_1,5\norg_2,stripe,sub_2,\n", ""},
		"nothing":             {"", "import_header"},
		"no header":           {"org_1,stripe,sub_1\n", "import_header"},
		"semicolons":          {"external_id;provider;id\norg_1;stripe;sub_1\n", "import_header"},
		"by address":          {"email,provider,id\na@example.com,stripe,sub_1\n", "import_header"},
		"UTF-16":              {"e\x00x\x00t\x00", "import_encoding"},
		"Latin-1":             {head + "caf\xe9,stripe,sub_1\n", "import_encoding"},
		"no lines":            {head, "import_empty"},
		"no such meter":       {"external_id,provider,id,coins\norg_1,stripe,sub_1,5\n", "import_column"},
		"a meter twice":       {"external_id,provider,id,credits,credits\norg_1,stripe,sub_1,5,6\n", "import_column"},
		"too few columns":     {head + "org_1,stripe\n", "import_shape"},
		"an open quote":       {head + "\"org_1,stripe,sub_1\n", "import_shape"},
		"another provider":    {head + "org_1,paypal,sub_1\n", "import_value"},
		"no id":               {head + "org_1,stripe,\n", "import_value"},
		"a prefix alone":      {head + "org_1,stripe,sub_\n", "import_value"},
		"Razorpay's customer": {head + "org_1,stripe,cust_1\n", "import_value"},
		"a path":              {head + "org_1,stripe,sub_1/../x\n", "import_value"},
		"a formula":           {head + "=cmd(),stripe,sub_1\n", "import_value"},
		"text that steers":    {head + "org\u202e1,stripe,sub_1\n", "import_value"},
		"below zero":          {"external_id,provider,id,credits\norg_1,stripe,sub_1,-5\n", "import_value"},
		"half credits":        {"external_id,provider,id,credits\norg_1,stripe,sub_1,1.5\n", "import_value"},
		"no credits":          {"external_id,provider,id,credits\norg_1,stripe,sub_1,0\n", "import_value"},
		"a line twice":        {head + "org_1,stripe,sub_1\norg_1,stripe,sub_1\n", "import_repeated"},
		"for two":             {head + "org_1,stripe,sub_1\norg_2,stripe,sub_1\n", "import_two_customers"},
		"credits twice":       {"external_id,provider,id,credits\norg_1,stripe,sub_1,5\norg_1,stripe,sub_2,5\n", "import_credits_twice"},
		"huge":                {head + strings.Repeat("x", MaxImport), "import_large"},
		"a long id":           {head + strings.Repeat("x", MaxCustomer+1) + ",stripe,sub_1\n", "import_value"},
	} {
		list, err := ParseImport([]byte(c.file), func(m string) bool { return m == "credits" })
		switch {
		case c.code == "" && (err != nil || len(list) == 0):
			t.Errorf("%s: %v, want it read", name, err)
		case c.code != "" && (err == nil || fault.CodeOf(err) != c.code):
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	var many strings.Builder
	many.WriteString(head)
	for i := range MaxImportLines + 1 {
		many.WriteString("o" + strings.Repeat("1", i%7) + ",stripe,sub_" + strings.Repeat("2", 1+i/400) +
			strings.Repeat("3", i%400) + "\n")
		if many.Len() > MaxImport-500 {
			break
		}
	}
	if _, err := ParseImport([]byte(many.String()), nil); err == nil {
		t.Error("lines that stand twice were read")
	}
	_, err := ParseImport([]byte(head+"org_1,stripe,sub_1\n\norg_2,paypal,sub_2\n"), nil)
	if err == nil || !strings.Contains(err.Error(), "Line 4") {
		t.Errorf("%v, want it about line 4", err)
	}
}

func FuzzParseImport(f *testing.F) {
	f.Add([]byte("external_id,provider,id,credits\norg_1,stripe,sub_1,5\n"))
	f.Add([]byte("\ufeffexternal_id,provider,id\n\"org_1\",razorpay,cust_1\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		list, err := ParseImport(file, func(m string) bool { return m == "credits" })
		if err != nil {
			if fault.CodeOf(err) == "internal" {
				t.Errorf("%v is nothing that a user can read", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, l := range list {
			key := string(l.Provider) + " " + l.ID
			if seen[key] || !customerID.MatchString(l.Customer) || !l.Provider.Known() {
				t.Errorf("read %+v", l)
			}
			seen[key] = true
		}
	})
}
