package intake

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/ledger"
)

// A sense is what a head says by itself. Most are a Field; the others become one only beside the other heads: "Credit"
// is what was got beside "Debit", and what was given beside "Payment".
type sense string

const (
	firstName, middleName, lastName sense = "first", "middle", "last"

	debit, credit       sense = "debit", "credit"
	payment, purchase   sense = "payment", "purchase"
	sale, receipt       sense = "sale", "receipt"
	withdrawal, deposit sense = "withdrawal", "deposit"

	balance   sense = "balance"   // an opening balance in a list of parties, a running one among entries
	otherDate sense = "otherdate" // value date, due date: a date only where there is no other
	voucher   sense = "voucher"   // the type of a voucher
	worker    sense = "known"     // known, and of no use here: serial numbers, taxes, cheque numbers
)

// heads are the words at the top of columns, as khata apps, banks, Tally, phones and people write them.
var heads = map[sense][]string{
	sense(Name): {
		"name", "party", "party name", "party's name", "name of party", "name of the party", "party ledger",
		"customer", "customer name", "customers", "client", "client name",
		"supplier", "supplier name", "vendor", "vendor name", "ledger", "ledger name", "account", "account name",
		"account head", "full name", "file as", "person", "person name", "contact name", "display name",
		"formatted name",
		"shop name", "dealer", "dealer name", "debtor", "debtor name", "grahak", "grahak ka naam", "naam",
		"party ka naam", "beneficiary", "payee",
		"नाम", "पार्टी", "पार्टी का नाम", "ग्राहक", "ग्राहक का नाम", "ग्राहक नाम", "सप्लायर", "सप्लायर का नाम", "खाता",
		"खाते का नाम", "व्यक्ति", "व्यक्ति का नाम", "दुकान का नाम", "ग्राहकाचे नाव", "नाव", "પાર્ટી", "નામ", "ગ્રાહક",
		"নাম", "பெயர்", "పేరు", "ಹೆಸರು", "പേര്", "ਨਾਮ",
	},
	firstName:  {"first name", "given name", "firstname"},
	middleName: {"middle name", "additional name", "middlename"},
	lastName:   {"last name", "family name", "surname", "lastname"},
	sense(Company): {
		"organization name", "organization 1 name", "organisation", "organization", "company",
		"company name", "firm", "firm name", "business name",
	},
	sense(Phone): {
		"phone", "phone number", "phone no", "phone numbers", "mobile", "mobile number", "mobile no", "mob", "mob no",
		"cell", "cell phone", "contact", "contact number", "contact no", "contact details", "whatsapp",
		"whatsapp number",
		"whatsapp no", "tel", "telephone", "telephone no", "ph no", "ph", "number", "party phone", "customer phone",
		"customer mobile", "party mobile", "mobile phone", "primary phone", "home phone", "business phone",
		"other phone", "company main phone",
		"phone 1 value", "phone 2 value", "phone 3 value", "phone 4 value", "फ़ोन", "फ़ोन नंबर", "मोबाइल",
		"मोबाइल नंबर", "मोबाईल", "मो", "मो नं", "मोबाइल नं", "संपर्क", "नंबर", "મોબાઇલ",
	},
	sense(Kind): {"kind", "party type", "customer type", "category", "party group", "group", "किस्म"},
	sense(Note): {
		"address", "party note", "city", "village", "area", "route", "place", "address 1 formatted",
		"पता", "गाँव", "गांव",
	},
	sense(Date): {
		"date", "dated", "day", "datum", "entry date", "transaction date", "txn date", "tran date",
		"trans date", "voucher date", "vch date", "bill date", "invoice date", "date time", "date and time",
		"date & time", "timestamp", "created", "created at", "created on", "txn posted date", "तारीख", "तारीख़",
		"दिनांक", "तिथि", "दिन", "tarikh", "tareekh", "taarikh", "dinank", "તારીખ", "তারিখ", "தேதி", "తేదీ",
	},
	otherDate: {
		"value date", "value dat", "value dt", "due date", "due on", "collection date", "posting date",
		"post date", "last transaction date", "last entry", "last transaction", "last payment date", "last updated",
		"updated at", "reminder date", "cheque date",
	},
	sense(Given): {
		"gave", "given", "you gave", "you gave (debit)", "debit given", "credit given", "credit you gave",
		"goods given", "money out", "out", "out debit", "amount given", "maal diya", "diya", "diye", "udhaar", "udhar",
		"udhari", "lent", "payment out", "payment made", "दिए", "दिये", "दिया", "आपने दिए", "आपने दिये", "आपने दिया",
		"उधार", "उधारी", "नाम लिखा", "नामे", "उधार दिया", "दिलेले", "આપ્યા", "મેં આપ્યા", "तुम्ही दिले",
	},
	sense(Received): {
		"got", "received", "you got", "payment received", "amount received", "received amount",
		"money in", "in", "in credit", "collected", "collection", "jama", "mila", "mile", "payment in", "recd",
		"recd amount", "मिले", "मिला", "आपको मिले", "आपको मिला", "जमा", "जमा किया", "प्राप्त", "वसूली", "मिळाले",
		"મળ્યા", "મને મળ્યા", "જમા",
	},
	debit: {"debit", "dr", "debit amount", "debit amt", "dr amount", "dr amt", "debits", "total debit", "डेबिट"},
	credit: {
		"credit", "cr", "credit amount", "credit amt", "cr amount", "cr amt", "credits", "total credit",
		"क्रेडिट",
	},
	payment:  {"payment", "payments", "paid", "paid amount", "amount paid", "payment amount", "total paid", "भुगतान"},
	purchase: {"purchase", "purchases", "purchase amount", "खरीद"},
	sale: {
		"sale", "sales", "sale amount", "sales amount", "bill", "bill amount", "bill amt", "invoice amount",
		"invoice value", "invoice total", "bill value", "total sale", "बिक्री", "बिल",
	},
	receipt: {"receipt", "receipts", "receipt amount"},
	withdrawal: {
		"withdrawal", "withdrawals", "withdrawal amt", "withdrawal amount", "withdrawal dr", "withdrawn",
		"निकासी",
	},
	deposit: {"deposit", "deposits", "deposit amt", "deposit amount", "deposit cr", "जमा राशि"},
	balance: {
		"balance", "bal", "opening", "opening balance", "opening bal", "op balance", "closing balance", "closing bal",
		"current balance", "running balance", "available balance", "account balance", "net balance", "balance amount",
		"balance amt", "outstanding", "outstanding amount", "outstanding balance", "total outstanding",
		"due", "dues", "amount due", "due amount", "balance due", "total due", "pending", "pending amount",
		"amount pending", "baki", "baaki", "bakaya", "udhaar baki", "txn balance", "remaining", "remaining amount",
		"remaining balance", "left", "বাকি", "பாக்கி", "బాకీ", "ಬಾಕಿ", "ബാക്കി", "ਬਾਕੀ", "ବାକି", "મુજબ બાકી", "बाकी",
		"बाक़ी", "बकाया", "शेष", "शुरुआती बाकी", "उधार बाकी", "पिछला बाकी", "पुराना बाकी", "कुल बाकी", "बकाया राशि",
		"शेष राशि", "બાકી",
	},
	sense(Owes): {
		"you'll get", "you will get", "to receive", "to get", "receivable", "receivables", "receivable balance",
		"amount receivable", "receivable amount", "to collect", "lena", "lena hai", "closing balance debit",
		"closing balance dr", "opening balance debit", "opening balance dr", "balance debit", "balance dr",
		"debit balance", "you'll get amount",
		"आपको मिलेंगे", "मिलेंगे", "लेना", "लेने हैं", "लेना है", "लेनदारी", "तुम्हाला मिळतील", "મળશે",
	},
	sense(Owed): {
		"you'll give", "you will give", "to pay", "to give", "payable", "payables", "payable balance", "amount payable",
		"payable amount", "dena", "dena hai", "closing balance credit", "closing balance cr", "opening balance credit",
		"opening balance cr", "balance credit", "balance cr", "credit balance", "advance", "advance amount",
		"आपको देने हैं", "आप देंगे", "देंगे", "देना", "देने हैं", "देना है", "देनदारी", "अग्रिम", "આપશો",
	},
	sense(Amount): {
		"amount", "amt", "value", "total", "total amount", "transaction amount", "txn amount",
		"net amount", "grand total", "rupees", "रकम", "राशि", "रुपये", "કુલ રકમ",
	},
	sense(Side): {
		"type", "dr/cr", "cr/dr", "d/c", "side", "entry type", "transaction type", "txn type",
		"debit/credit", "credit/debit", "given/received", "gave/got", "दिए या मिले", "प्रकार", "लेन देन",
		"balance type",
	},
	voucher: {"vch type", "voucher type"},
	sense(Paid): {
		"paid by", "mode", "payment mode", "mode of payment", "payment type", "payment method", "pay mode", "paid via",
		"paid through", "कैसे", "कैसे दिए", "भुगतान का तरीका", "भुगतान माध्यम", "माध्यम",
	},
	sense(Details): {
		"details", "detail", "note", "notes", "remark", "remarks", "description", "narration",
		"particulars", "particular", "transaction remarks", "transaction details", "transaction description",
		"transaction note", "transaction particulars", "comment", "comments", "memo", "item", "items", "item details",
		"bill details", "विवरण", "नोट", "टिप्पणी", "सामान", "वर्णन", "વિગત",
	},
	worker: {
		"sr", "sr no", "s no", "sl no", "sl", "sno", "srno", "serial no", "no", "id", "#", "क्र", "क्रम", "क्रमांक",
		"क्र सं", "invoice no", "invoice number", "bill no", "bill number", "voucher no", "voucher number", "vch no",
		"ref", "ref no", "reference", "reference no", "reference number",
		"ref no/cheque no", "chq/ref no", "chq / ref no", "chq/ref number", "chq no", "chqno", "chq", "cheque",
		"cheque no", "cheque number", "cheque no/reference no", "instrument id", "instruments", "utr", "utr no",
		"txn no", "txn id", "transaction id", "tran id", "branch", "branch name", "branch code", "sol", "init br",
		"account no", "account number", "ifsc",
		"pin", "pincode", "pin code", "zip", "gst", "gstin", "gst no", "gst number", "gstin no", "pan", "hsn",
		"hsn code", "qty", "quantity", "unit", "rate", "price", "discount", "disc", "tax", "tax amount", "cgst", "sgst",
		"igst", "round off", "roundoff", "credit limit", "credit period", "credit days", "days", "age", "overdue days",
		"overdue by days", "days overdue", "due days",
		"time", "no of entries", "entries", "no of transactions", "txns", "count", "total transactions", "email",
		"e mail", "email address", "e mail 1 value", "e mail address", "labels", "photo", "nickname", "birthday",
		"group membership", "state", "country", "status", "added by", "created by", "updated by", "balance b f", "year",
		"month", "phone 1 label", "phone 1 type", "phone 2 label", "phone 2 type", "phone 3 label", "phone 3 type",
	},
}

// headKey is how heads are compared: small letters, words only.
func headKey(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '_', '.', ':', '*', '\u00a0', '(', ')', '₹', '-', '–', '—', '/', '+', '[', ']', '{', '}', ',', '|', '"',
			'&', '=', '\n', '\r', '\t', ';':
			return ' '
		case '\'', '’', '‘', '`', '\u200c', '\u200d':
			return -1
		}
		return r
	}, ledger.NameKey(s))
	words := strings.Fields(s)
	for len(words) > 1 && currencyWords[words[len(words)-1]] { // Balance (INR), Amount in Rs
		words = words[:len(words)-1]
		if len(words) > 1 && words[len(words)-1] == "in" {
			words = words[:len(words)-1]
		}
	}
	return strings.Join(words, " ")
}

var currencyWords = map[string]bool{
	"inr": true, "rs": true, "रु": true, "रू": true, "usd": true, "eur": true,
	"$": true, "€": true, "£": true, "rupees": true,
}

var senseOf = func() map[string]sense {
	out := map[string]sense{}
	for s, words := range heads {
		for _, word := range words {
			out[headKey(word)] = s
		}
	}
	return out
}()

// The words by which a head is understood that is in no list: the first group of which one is in it decides.
var senseWords = []struct {
	sense
	any, not []string
}{
	{sense: worker, any: []string{"email", "fax", "gstin", "ifsc", "limit", "label", "cheque", "chq", "branch"}},
	{sense: otherDate, any: []string{"date", "dt"}, not: []string{
		"transaction", "txn", "entry", "bill", "voucher",
		"invoice", "time",
	}},
	{sense: sense(Date), any: []string{"date", "तारीख", "दिनांक", "timestamp"}},
	{sense: sense(Phone), any: []string{"mobile", "phone", "whatsapp", "मोबाइल", "फोन"}, not: []string{
		"type", "name",
		"label",
	}},
	{sense: worker, any: []string{
		"no", "number", "id", "code", "qty", "days", "mode", "method", "status", "ref",
		"count", "by", "rate", "tax", "gst", "नंबर",
	}},
	{sense: sense(Owes), any: []string{"receivable", "मिलेंगे", "लेना", "lena"}},
	{sense: sense(Owed), any: []string{"payable", "देंगे", "देना", "dena"}},
	{sense: balance, any: []string{"balance", "outstanding", "dues", "due", "बाकी", "बकाया", "शेष", "baki"}},
	{sense: sense(Received), any: []string{
		"got", "received", "recd", "मिले", "मिला", "mila", "mile", "jama", "जमा",
		"प्राप्त",
	}},
	{sense: sense(Given), any: []string{
		"gave", "given", "दिए", "दिये", "दिया", "diya", "diye", "udhaar", "udhar",
		"उधार",
	}},
	{sense: withdrawal, any: []string{"withdrawal", "withdrawals"}},
	{sense: deposit, any: []string{"deposit", "deposits"}},
	{sense: debit, any: []string{"debit", "dr", "debits"}},
	{sense: credit, any: []string{"credit", "cr", "credits"}, not: []string{"note", "card", "period"}},
	{sense: purchase, any: []string{"purchase", "purchases"}},
	{sense: payment, any: []string{"payment", "paid"}, not: []string{"type", "terms", "link"}},
	{sense: sale, any: []string{"sale", "sales", "bill", "invoice"}, not: []string{"type"}},
	{
		sense: sense(Name), any: []string{"name", "नाम", "naam", "party", "पार्टी", "customer", "ग्राहक", "grahak"},
		not: []string{
			"item", "product", "file", "bank", "staff", "user", "prefix", "suffix", "phonetic", "yomi",
			"middle", "nick", "type", "maiden", "group",
		},
	},
	{sense: sense(Details), any: []string{
		"details", "narration", "remarks", "particulars", "description", "विवरण",
		"notes",
	}},
	{sense: sense(Amount), any: []string{"amount", "amt", "रकम", "राशि"}},
}

// readHead says what a head means, "" for one that is not known.
func readHead(head string) sense {
	key := headKey(head)
	if s, ok := senseOf[key]; ok || key == "" {
		return s
	}
	words := strings.Fields(key)
	if len(words) > 6 {
		return ""
	}
	in := func(list []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
	}
	// Both sides in one head say which is which in the values below: Credit/Debit.
	if in([]string{"debit", "dr"}) && in([]string{"credit", "cr"}) ||
		in([]string{"gave", "given"}) && in([]string{"got", "received"}) {
		if in([]string{"amount", "balance", "total"}) {
			return ""
		}
		return sense(Side)
	}
	for _, g := range senseWords {
		if in(g.any) && !in(g.not) {
			return g.sense
		}
	}
	return ""
}

// money reports a sense whose column holds amounts.
func (s sense) money() bool {
	switch s {
	case sense(Given), sense(Received), sense(Amount), sense(Owes), sense(Owed), balance, debit, credit, payment,
		purchase, sale, receipt, withdrawal, deposit:
		return true
	}
	return false
}

// judge gives the sides of senses that stand together, as heads or as values of one column. No word is read alone: what
// is not in the answer can be read both ways.
func judge(together map[sense]bool, bank bool) map[sense]ledger.Side {
	out := map[sense]ledger.Side{}
	set := func(s sense, side ledger.Side) {
		if together[s] {
			out[s] = side
		}
	}
	set(sense(Given), ledger.Given)
	set(sense(Received), ledger.Received)
	set(sale, ledger.Given)
	set(receipt, ledger.Received)
	set(purchase, ledger.Received)
	incoming := together[sense(Received)] || together[receipt]
	if !bank {
		set(debit, ledger.Given)
		switch {
		case together[debit]:
			set(credit, ledger.Received)
		case together[payment] || incoming:
			set(credit, ledger.Given)
		case together[sense(Given)] || together[sale]:
			set(credit, ledger.Received)
		}
	}
	switch {
	case incoming, together[purchase] && !together[sale]:
		set(payment, ledger.Given)
	case together[credit] && !together[debit], together[sale], together[sense(Given)],
		together[debit] && !together[credit]:
		set(payment, ledger.Received)
	}
	return out
}

// sideWords are the sides as people write them in a column of their own, or beside an amount.
var sideWords = func() map[string]sense {
	out := map[string]sense{}
	for s, words := range map[sense][]string{
		debit:  {"dr", "debit", "d", "debited", "dr amount"},
		credit: {"cr", "credit", "c", "credited"},
		sense(Given): {
			"gave", "given", "you gave", "udhaar", "udhar", "you will get", "you'll get", "due", "payment out",
			"money out", "out", "debit note", "payment made", "lena", "to receive", "receivable", "credit given",
			"lent", "to collect", "to get", "you gave money", "paid to", "sent", "paid out",
			"दिए", "दिये", "दिया", "आपने दिए", "आपने दिये", "आपने दिया", "उधार", "आपको मिलेंगे", "मिलेंगे", "लेना",
			"नामे", "बकाया", "बाकी",
		},
		sense(Received): {
			"got", "received", "you got", "jama", "you will give", "you'll give", "advance", "payment in", "money in",
			"in", "credit note", "payment received", "dena", "to pay", "to give", "payable", "sale return",
			"you got money", "received from", "paid in", "collection",
			"मिले", "मिला", "आपको मिले", "आपको मिला", "जमा", "आपको देने हैं", "आप देंगे", "देना", "अग्रिम", "प्राप्त",
		},
		payment:    {"payment", "paid", "भुगतान"},
		purchase:   {"purchase", "खरीद", "purchase bill"},
		sale:       {"sale", "sales", "invoice", "bill", "sale invoice", "credit sale", "बिक्री", "purchase return"},
		receipt:    {"receipt", "receipts"},
		withdrawal: {"withdrawal", "withdraw"},
		deposit:    {"deposit"},
	} {
		for _, w := range words {
			out[headKey(w)] = s
		}
	}
	return out
}()

// sideSense is what a value of a column of sides says.
func sideSense(v string) sense {
	if s, ok := sideWords[headKey(v)]; ok {
		return s
	}
	switch s := readHead(v); s {
	case sense(Owes):
		return sense(Given)
	case sense(Owed):
		return sense(Received)
	case sense(Given), sense(Received), debit, credit, sale, purchase, receipt, payment, withdrawal, deposit:
		return s
	}
	return ""
}

// sideOf reads a side that stands beside an amount or alone.
func sideOf(s string) (ledger.Side, bool) {
	if s == "" {
		return "", false
	}
	switch sideSense(s) {
	case debit, sale, sense(Given):
		return ledger.Given, true
	case credit, payment, receipt, purchase, sense(Received):
		return ledger.Received, true
	}
	return "", false
}

// kindOf reads a kind of party as people write it.
func kindOf(s string) (ledger.Kind, bool) {
	switch headKey(s) {
	case "customer", "customers", "debtor", "debtors", "sundry debtors", "buyer", "client", "party", headKey("ग्राहक"):
		return ledger.Customer, true
	case "supplier", "suppliers", "vendor", "vendors", "creditor", "creditors", "sundry creditors", "seller",
		headKey("सप्लायर"), headKey("विक्रेता"):
		return ledger.Supplier, true
	}
	return "", false
}
