package ledger_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// Each line is one name, in the spellings and scripts in which people write it.
var soundsAlike = []string{
	"Sharma, Sharmaa, SHARMA, शर्मा, શર્મા, শর্মা, ਸ਼ਰਮਾ, ଶର୍ମା, ಶರ್ಮಾ, శర్మ, ശർമ്മ, சர்மா, Śarmā",
	"Verma, Varma, वर्मा, વર્મા, వర్మ, വർമ്മ",
	"Singh, सिंह, ਸਿੰਘ, સિંઘ",
	"Gupta, गुप्ता, ગુપ્તા, গুপ্ত, ಗುಪ್ತಾ, గుప్తా",
	"Ramesh, रमेश, રમેશ, ரமேஷ், రమేష్, രമേഷ്, ರಮೇಶ್",
	"Krishna, कृष्ण, કૃષ્ણ, কৃষ্ণ, କୃଷ୍ଣ, కృష్ణ, ಕೃಷ್ಣ, കൃഷ്ണ",
	"Lakshmi, Laxmi, लक्ष्मी, లక్ష్మి, ಲಕ್ಷ್ಮಿ, ലക്ഷ്മി",
	"Mehta, मेहता, મેહતા",
	"Mahesh, महेश, મહેશ",
	"Vijay, विजय, విజయ్, വിജയ്",
	"Biswas, বিশ্বাস, Vishwas, विश्वास",
	"Patel, पटेल, પટેલ",
	"Joshi, जोशी, જોશી",
	"Chauhan, Chohan, चौहान",
	"Gyan, ज्ञान",
	"Sanjay, संजय, सञ्जय",
	"Rajnish, रजनीश",
	"Ahmed, Ahmad, अहमद",
	"Chopra, चोपड़ा",
	"Zakir, ज़ाकिर, Jakir",
	"Murugan, முருகன்",
	"Senthil, செந்தில்",
	"Anbu, அன்பு",
	"Selvam, செல்வம்",
	"Ganga, गंगा, गङ्गा",
	"Sampat, संपत",
	"Store, स्टोर",
}

func soundsOf(t *testing.T, db *pgtest.DB, names ...string) (out []string) {
	t.Helper()
	for _, name := range names {
		var sound string
		if err := db.Super.QueryRow(t.Context(), `select tijori_khata.sound_of($1)`, name).Scan(&sound); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		out = append(out, sound)
	}
	return out
}

func TestNamesSoundAlikeInAllScripts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	seen := map[string]string{}
	for _, line := range soundsAlike {
		names := strings.Split(line, ", ")
		sounds := soundsOf(t, db, names...)
		for i, s := range sounds {
			if s != sounds[0] || s == "" {
				t.Errorf("%s sounds %q, and %s %q", names[i], s, names[0], sounds[0])
			}
		}
		if other, twice := seen[sounds[0]]; twice {
			t.Errorf("%s sounds as %s does: %q", names[0], other, sounds[0])
		}
		seen[sounds[0]] = names[0]
	}
}

func TestSoundsOfOddTexts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for text, want := range map[string]string{
		"":                          "",
		"  ":                        "",
		"M/s Gupta-Traders (Delhi)": " m s gupt trdrs dli",
		"१२ नंबर, 5":                " 12 nmbr 5",
		"50%_\\":                    " 50",
		"علي":                       " علي",
		"😀":                         " 😀",
		"क्":                        " k",
		"्ा":                        " a",
		strings.Repeat("क", 300):    " " + "k",
	} {
		if got := soundsOf(t, db, text)[0]; got != want {
			t.Errorf("%q sounds %q, want %q", text, got, want)
		}
	}
}

func TestPartiesAreFoundInOtherScripts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, name := range []string{"शर्मा जी", "Sharma Traders", "Verma", "સુરેશ પટેલ", "Sushma"} {
		addParty(t, s.db, s.owner, name)
	}
	for query, want := range map[string][]string{
		"sharma":         {"Sharma Traders", "शर्मा जी"},
		"शर्मा":          {"Sharma Traders", "शर्मा जी"},
		"શર્મા":          {"Sharma Traders", "शर्मा जी"},
		"sharma ji":      {"शर्मा जी"},
		"shar":           {"Sharma Traders", "शर्मा जी"},
		"suresh patel":   {"સુરેશ પટેલ"},
		"पटेल":           {"સુરેશ પટેલ"},
		"वर्मा":          {"Verma"},
		"traders शर्मा":  {"Sharma Traders"},
		"erm":            {"Verma"}, // a part of a word, as it is written
		"xyz":            {},
		"\x00\xff शर्मा": {"Sharma Traders", "शर्मा जी"},
		"%":              {},
	} {
		list := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.PartyList, error) {
			return listParties(t.Context(), tx, ledger.PartyFilter{Query: query, Sort: ledger.SortName})
		})
		names := must(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.PartyNames, error) {
			return listPartyNames(t.Context(), tx, query, "")
		})
		got, told := []string{}, []string{}
		for _, p := range list.Rows {
			got = append(got, p.Name)
		}
		for _, p := range names.Rows {
			told = append(told, p.Name)
		}
		if !slices.Equal(got, want) || list.Matching != len(want) || !slices.Equal(told, want) {
			t.Errorf("%q finds %q of %d, and for the counter %q; want %q", query, got, list.Matching, told, want)
		}
	}
	must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.EditParty(t.Context(), tx, s.party.ID, 1,
			ledger.PartyFields{Kind: ledger.Customer, Name: "गणेश"})
	})
	for query, want := range map[string]int{"ganesh": 1, "ram": 0} {
		list := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.PartyList, error) {
			return listParties(t.Context(), tx, ledger.PartyFilter{Query: query})
		})
		if list.Matching != want {
			t.Errorf("after the new name, %q finds %d, want %d", query, list.Matching, want)
		}
	}
}
