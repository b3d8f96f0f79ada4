package demo

import (
	"math/rand/v2"
	"time"

	"github.com/tijorihq/tijori/internal/ledger"
)

// A person is a party with habits.
type person struct {
	kind    ledger.Kind
	name    string
	phone   string
	note    string
	visits  int // a month
	spends  int // rupees at a visit, about
	pays    int // percent of what is owed, when paying
	goods   []string
	settled bool // pays everything at the end of the year
}

// year is a person's entries of the last twelve months, oldest first: goods on
// credit, and a payment around the turn of the month. The same for the same seed and day.
func (p person) year(seed int64, today time.Time) []ledger.EntryFields {
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	goodsSide, paySide := ledger.Given, ledger.Received
	if p.kind == ledger.Supplier {
		goodsSide, paySide = ledger.Received, ledger.Given
	}
	var out []ledger.EntryFields
	owed := int64(0)
	pay := func(day time.Time, percent int, note string) {
		amount := owed * int64(percent) / 100 / 1000 * 1000 // whole tens of rupees
		if percent == 100 {
			amount = owed
		}
		if amount > 0 {
			out = append(out, ledger.EntryFields{Side: paySide, AmountMinor: amount, Date: day, Note: note})
			owed -= amount
		}
	}
	for month := 12; month >= 1; month-- {
		begin := today.AddDate(0, -month, 0)
		for range p.visits {
			day := begin.AddDate(0, 0, r.IntN(28))
			if day.After(today) {
				continue
			}
			amount := int64(p.spends*40+r.IntN(p.spends*120)) / 500 * 500 // to the half ten
			amount = max(amount, 1000)
			out = append(out, ledger.EntryFields{
				Side: goodsSide, AmountMinor: amount, Date: day,
				Note: p.goods[r.IntN(len(p.goods))],
			})
			owed += amount
		}
		payday := begin.AddDate(0, 0, 27+r.IntN(3))
		if !payday.After(today) && r.IntN(100) < 80 {
			pay(payday, p.pays, [...]string{"UPI", "नकद", "Cash", "PhonePe", ""}[r.IntN(5)])
		}
	}
	if p.settled {
		pay(today, 100, "Hisab clear")
	}
	return out
}

var (
	ration = []string{
		"चावल 5 kg", "आटा 10 kg", "Sugar 2 kg, tea", "Dal, oil", "तेल 1 L", "Soap, toothpaste",
		"दूध, ब्रेड", "Masala", "Biscuits", "घी 500 g",
	}
	snacks = []string{"Chai, biscuit", "नमकीन", "Cold drink", "Pan masala", "ब्रेड, अंडे", "Milk 1 L"}
	bulk   = []string{"Oil 15 L tin", "चावल 50 kg", "Sugar 25 kg", "मैदा 10 kg", "Besan, soda", "LPG coil, plates"}
	orders = []string{
		"Invoice: biscuits, 4 cartons", "Invoice: atta 20 bags", "Invoice: oil 10 tins",
		"Invoice: soap, detergent", "बिल: चावल 10 कट्टे", "Invoice: cold drinks",
	}
	student = []string{"Maggi, chips", "Pen, notebook", "Milk, bread", "Cold drink", "Recharge"}
)

func customer(name, phone string, visits, spends, pays int, goods []string, settled bool) person {
	return person{
		kind: ledger.Customer, name: name, phone: phone, visits: visits, spends: spends, pays: pays,
		goods: goods, settled: settled,
	}
}

func supplier(name, phone string, visits, spends, pays int, settled bool) person {
	return person{
		kind: ledger.Supplier, name: name, phone: phone, visits: visits, spends: spends, pays: pays,
		goods: orders, settled: settled,
	}
}

// people are the parties of the first shop.
var people = []person{
	customer("रमेश यादव", "9810012345", 8, 260, 85, ration, false),
	customer("Sunita Sharma", "9810023456", 7, 340, 90, ration, false),
	customer("श्री कृष्ण भोजनालय", "9811034567", 6, 1900, 80, bulk, false),
	customer("Imran Khan", "9899045678", 9, 120, 75, snacks, false),
	customer("Lakshmi Iyer", "9871056789", 5, 420, 100, ration, true),
	customer("गीता देवी", "9718067890", 8, 180, 70, ration, false),
	customer("Hostel mess (Block C)", "9650078901", 5, 2600, 85, bulk, false),
	customer("Baldev Singh", "9810089012", 6, 310, 95, ration, false),
	customer("मोहन लाल", "9911090123", 7, 150, 60, snacks, false),
	customer("Farida Begum", "9958001234", 6, 240, 90, ration, false),
	customer("Joseph D'Souza", "9873112345", 4, 520, 100, ration, true),
	customer("पूजा वर्मा", "9810123456", 8, 210, 85, ration, false),
	customer("Ravi (auto)", "9899134567", 12, 70, 80, snacks, false),
	customer("Nisha Tailors", "9818145678", 5, 190, 90, snacks, false),
	customer("अनिल पंडित", "9711156789", 6, 160, 75, ration, false),
	customer("Deepak Salon", "9999167890", 7, 95, 85, snacks, false),
	customer("Kavita Joshi", "9810178901", 6, 380, 90, ration, false),
	customer("Tenzin", "9625189012", 5, 130, 70, student, false),
	customer("बबलू", "9540190123", 11, 60, 65, snacks, false),
	customer("Meera Nair", "9811201234", 4, 460, 100, ration, true),
	customer("Sharma & Sons शर्मा", "9810212345", 5, 780, 85, bulk, false),
	customer("Gurpreet Kaur", "9878223456", 6, 330, 95, ration, false),
	customer("सावित्री", "9718234567", 7, 110, 55, ration, false),
	customer("Arjun (PG 12)", "9650245678", 9, 85, 80, student, false),
	customer("Rehana", "9958256789", 6, 200, 85, ration, false),
	customer("Vijay Electricals", "9810267890", 4, 350, 90, snacks, false),
	customer("दीनानाथ", "", 5, 140, 50, ration, false),
	customer("Anita Roy", "9830278901", 5, 290, 100, ration, true),
	customer("Suresh Milk", "9911289012", 3, 240, 90, snacks, false),
	customer("Little Stars School", "9811290123", 4, 1200, 90, bulk, false),
	customer("Peter", "9899301234", 6, 75, 70, student, false),
	customer("हरि ओम चाय", "9540312345", 8, 420, 85, bulk, false),
	customer("Zoya", "9958323456", 4, 260, 95, ration, false),
	supplier("Agarwal Traders", "9810334567", 3, 9500, 85, false),
	supplier("बालाजी फ्लोर मिल", "9811345678", 2, 14000, 90, false),
	supplier("Parle distributor", "9899356789", 3, 4200, 95, false),
	supplier("Shree Oil Depot", "9871367890", 2, 18000, 80, false),
	supplier("Mandi, Azadpur", "9718378901", 4, 3600, 100, true),
	supplier("HUL agency", "9650389012", 2, 7600, 90, false),
	supplier("ताज़ा डेयरी", "9810390123", 4, 2400, 85, false),
}

// peopleAtStation are the parties of the second shop.
var peopleAtStation = []person{
	customer("Coolie union", "9810401234", 6, 240, 85, snacks, false),
	customer("स्टेशन कैंटीन", "9811412345", 5, 1500, 90, bulk, false),
	customer("Ajay (book stall)", "9899423456", 7, 90, 80, snacks, false),
	customer("Railway Colony 14", "9871434567", 6, 330, 95, ration, false),
	customer("रघु ऑटो", "9718445678", 9, 65, 75, snacks, false),
	customer("Mrs. Fernandes", "9650456789", 5, 410, 100, ration, true),
	supplier("Agarwal Traders", "9810334567", 2, 5200, 90, false),
	supplier("Bisleri agency", "9899467890", 3, 1900, 85, false),
}
