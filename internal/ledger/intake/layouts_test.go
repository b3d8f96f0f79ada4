package intake

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A layout is a file as some program writes it, and what it says.
type layout struct {
	file  string
	party string // whose account all of it is said to be
	sides string
	days  string
	want  []string
	dates []string
	left  int // lines left out, -1 for any number
	check string
}

func (l layout) test(t *testing.T, name string, body []byte) {
	t.Helper()
	p := readBody(t, body, existing{}, func(m *Mapping) { m.Party, m.Sides, m.Days = l.party, l.sides, l.days })
	if diff := cmp.Diff(l.want, said(p)); diff != "" {
		t.Errorf("%s: %s", name, diff)
		for _, problem := range p.Problems {
			t.Logf("%s: line %d %s: %v %v", name, problem.Line, problem.Column, problem.Reason.Text,
				problem.Reason.Args)
		}
		for _, left := range p.Left {
			t.Logf("%s: left line %d: %v (%s)", name, left.Line, left.Reason.Text, left.Name)
		}
	}
	if diff := cmp.Diff(l.dates, days(p)); l.dates != nil && diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
	if l.left >= 0 && len(p.Left) != l.left {
		t.Errorf("%s: %d lines left out, want %d: %v", name, len(p.Left), l.left, p.Left)
	}
	agrees := ""
	if p.Check != nil {
		if agrees = "no"; p.Check.Agrees() {
			agrees = "yes"
		}
	}
	if l.check != "" && agrees != l.check {
		t.Errorf("%s: the balances agree: %q, want %q: %+v", name, agrees, l.check, p.Check)
	}
}

var hdfc = `HDFC BANK Ltd.,,,,,,
MR RAMESH KUMAR,,,Account Branch : ANDHERI,,,
,,,Account No : 50100012345678,,,
,,,IFSC : HDFC0000001,,,
Statement From : 01/01/2026 To : 31/03/2026,,,,,,
********,********,********,********,********,********,********
Date,Narration,Chq./Ref.No.,Value Dt,Withdrawal Amt.,Deposit Amt.,Closing Balance
********,********,********,********,********,********,********
01/01/26,UPI-SITA-9876543210@YBL,0000600112233,01/01/26,,"1,500.00","11,500.00"
03/01/26,NEFT DR-SUPPLIER,N003,03/01/26,"2,000.00",,"9,500.00"
31/01/26,INTEREST PAID,,31/01/26,,10.50,"9,510.50"
********,********,********,********,********,********,********
STATEMENT SUMMARY :-,,,,,,
Opening Balance,Dr Count,Cr Count,Debits,Credits,Closing Bal,
"10,000.00",1,2,"2,000.00","1,510.50","9,510.50",
Generated On: 01-Feb-2026 10:10,,,,,,
This is a computer generated statement and does not require signature.,,,,,,
`

var layouts = map[string]layout{
	"HDFC": {file: hdfc, want: []string{"ask party", "ask sides"}, left: -1},
	"HDFC of a bank, what came in was given to it": {
		file: hdfc, party: "HDFC Bank", sides: SidesGave,
		want: []string{"HDFC Bank -489.50"}, dates: []string{"2026-01-01 1500", "2026-01-03 -2000", "2026-01-31 10.50"},
		left: -1, check: "no",
	},
	"HDFC of a customer, what came in was got": {
		file: hdfc, party: "Sita", sides: SidesGot,
		want: []string{"Sita 489.50"}, left: -1,
	},
	"SBI, by tabs": {
		file: "Account Name       :\tMr. RAMESH\nAddress            :\t12 MG Road\n \tPune-411001\nDate               :\t1 Apr 2026\nAccount Number     :\t_00000012345678901\nBranch             :\tPUNE\nIFS Code           :\tSBIN0000001\nBalance as on 1 Jan 2026   :\t2,000.00\n\n" +
			"Txn Date\tValue Date\tDescription\tRef No./Cheque No.\t        Debit\tCredit\tBalance\n1 Jan 2026\t1 Jan 2026\tTO TRANSFER-UPI/DR/1234/SITA\tTRANSFER TO 123\t 1,000.00\t \t1,000.00\n2 Jan 2026\t2 Jan 2026\tBY TRANSFER\t\t \t 2,345.67\t3,345.67\n\n**This is a computer generated statement and does not require a signature.\n",
		party: "Bank", sides: SidesGot, want: []string{"Bank -1345.67"}, dates: []string{
			"2026-01-01 1000",
			"2026-01-02 -2345.67",
		}, left: -1,
	},
	"ICICI": {
		file:  "DETAILED STATEMENT,,,,,,,\nAccount Number,'000101500000,,,,,,\nTransaction Period,From 01/01/2026 To 31/03/2026,,,,,,\n\nS No.,Value Date,Transaction Date,Cheque Number,Transaction Remarks,Withdrawal Amount (INR ),Deposit Amount (INR ),Balance (INR )\n1,02/01/2026,02/01/2026,-,UPI/6001/Payment,500.00,0.00,4500.00\n2,15/01/2026,15/01/2026,-,NEFT-IN,0.00,700.00,5200.00\nLegends Used in Account Statement,,,,,,,\n1.,BBPS - Bharat Bill Payment,,,,,,\n",
		party: "ICICI", sides: SidesGave, want: []string{"ICICI 200"}, dates: []string{
			"2026-01-02 -500",
			"2026-01-15 700",
		}, left: -1,
	},
	"Axis": {
		file:  "Name :- RAMESH KUMAR\nJoint Holder :- -\nCustomer ID :- 123456789\nIFSC Code :- UTIB0000001\nStatement of Account No - 912010000000000 for the period (From : 01-01-2026 To : 31-03-2026)\n\nTran Date,CHQNO,PARTICULARS,DR,CR,BAL,SOL\n02-01-2026,-,UPI/P2A/6001/SITA ,500.00, ,1500.00,123\n20-01-2026,-,BY CASH , ,700.00,2200.00,123\n\nUnless the constituent notifies the bank immediately of any discrepancy found by him/her in this statement of Account...\n",
		party: "Axis", sides: SidesGot, want: []string{"Axis -200"}, left: -1,
	},
	"Kotak": {
		file:  "Account Statement,,,,,,,,\nAccount No.,1234567890,,,,,,,\nSl. No.,Transaction Date,Value Date,Description,Chq / Ref No.,Amount,Dr / Cr,Balance,Dr / Cr\n1,02-01-2026,02-01-2026,UPI/SITA,UPI-6001,\"1,000.00\",DR,\"4,000.00\",CR\n2,18-01-2026,18-01-2026,NEFT,NEFT-1,500.00,CR,\"4,500.00\",CR\n",
		party: "Kotak", sides: SidesGot, want: []string{"Kotak 500"}, left: -1,
	},
	"Kotak asks": {
		file: "Account Statement,,,,,,,,\nAccount No.,1234567890,,,,,,,\nSl. No.,Transaction Date,Value Date,Description,Chq / Ref No.,Amount,Dr / Cr,Balance,Dr / Cr\n1,02-01-2026,02-01-2026,UPI/SITA,UPI-6001,\"1,000.00\",DR,\"4,000.00\",CR\n",
		want: []string{"ask party", "ask sides"}, left: -1,
	},
	"PNB": {
		file:  "Txn No.,Txn Date,Description,Branch Name,Cheque No.,Dr Amount,Cr Amount,Balance\nS123,31/01/2026,UPI/DR,PUNE,,250.00,,\"1,750.00 Cr.\"\nS122,30/01/2026,CASH,PUNE,,,\"1,000.00\",\"2,000.00 Cr.\"\n",
		party: "PNB", sides: SidesGave, want: []string{"PNB 750"}, dates: []string{
			"2026-01-31 -250",
			"2026-01-30 1000",
		}, left: 0,
	},
	"Khatabook, all entries": {
		file: "Khatabook\nTransactions Report\n(01 Jan 2026 - 31 Mar 2026)\n\nDate,Name,Details,You Gave(₹),You Got(₹)\n05 Jan 26,Ramesh,atta,\"2,000\",\n06 Jan 26,Sita,,,\"1,500\"\nTotal,,,\"2,000\",\"1,500\"\nStart using Khatabook Now,,,,\n",
		want: []string{"Ramesh 2000", "Sita -1500"}, left: 5,
	},
	"Khatabook, list of customers": {
		file: "Customer List Report\nName,Mobile Number,You'll Get,You'll Give,Collection Date\nRamesh,9876543210,\"1,500\",,05 Dec 26\nSita,9876500000,,700,\nTotal,,\"1,500\",700,\n",
		want: []string{"Ramesh+919876543210 1500", "Sita+919876500000 -700"}, left: 2,
	},
	"Khatabook, one customer": {
		file:  "Ramesh Statement\nCustomer: Ramesh\n\nDate,Details,Debit(-),Credit(+),Balance\n01 Jan 2026,Opening Balance,,,500.00 Dr\n05 Jan 2026,atta,\"1,000.00\",,\"1,500.00 Dr\"\n06 Jan 2026,,,400.00,\"1,100.00 Dr\"\nGrand Total,,\"1,000.00\",400.00,\"1,100.00 Dr\"\n",
		party: "Ramesh", want: []string{"Ramesh 1100"}, dates: []string{
			"2026-01-05 1000", "2026-01-06 -400",
			"2026-01-01 500",
		}, left: -1, check: "yes",
	},
	"Khatabook in Hindi": {
		file: "तारीख,नाम,विवरण,आपने दिए,आपको मिले\n५ जनवरी २०२६,रमेश,आटा,\"₹२,०००\",\n" +
			"६ जनवरी २०२६,रमेश,,,₹५००\nकुल,,,\"₹२,०००\",₹५००\n",
		want: []string{"रमेश 1500"}, dates: []string{"2026-01-05 2000", "2026-01-06 -500"}, left: 1,
	},
	"OkCredit": {
		file: "Customer Name,Mobile,Date,Bill/Note,Credit,Payment,Balance\nRamesh,9876543210,05-Jan-2026 10:15 AM,atta,1000,,-1000\nRamesh,9876543210,06-Jan-2026 09:00 AM,,,400,-600\n",
		want: []string{"Ramesh+919876543210 600"}, left: 0, check: "yes",
	},
	"OkCredit, by type": {
		file: "Name,Mobile,Date,Type,Amount\nRamesh,9876543210,05/01/2026,Credit,1000\nRamesh,9876543210,16/01/2026,Payment,400\n",
		want: []string{"Ramesh+919876543210 600"}, left: 0,
	},
	"Vyapar, parties": {
		file: "Party Name,Email,Phone No.,Address,Receivable Balance,Payable Balance,Credit Limit\nRamesh,r@x.in,9876543210,Pune,1500.00,0.00,5000\nSita Traders,,9876500000,,0.00,700.00,\nTotal,,,,1500.00,700.00,\n",
		want: []string{"Ramesh+919876543210 1500", "Sita Traders+919876500000 -700"}, left: 1,
	},
	"Vyapar, sales": {
		file: "Sale Report\nDate,Invoice No,Party Name,Party Phone No.,Transaction Type,Total Amount,Payment Type,Received Amount,Balance Due\n15/01/2026,1,Ramesh,9876543210,Sale,1000,Cash,400,600\n16/01/2026,2,Sita,9876500000,Sale,500,Credit,0,500\nTotal,,,,,1500,,400,1100\n",
		want: []string{"Ramesh+919876543210 600", "Sita+919876500000 500"}, left: 2, check: "yes",
	},
	"Vyapar, all transactions": {
		file: "Date,Reference No,Party Name,Type,Total\n15/01/2026,1,Ramesh,Sale,1000\n16/01/2026,,Ramesh,Payment-In,400\n17/01/2026,,Sita,Purchase,300\n18/01/2026,,Sita,Payment-Out,100\n",
		want: []string{"Ramesh 600", "Sita -200"}, left: 0,
	},
	"Vyapar, all transactions with payments": {
		file: "Date,Reference No,Party Name,Type,Total,Received/Paid,Balance\n15/01/2026,1,Ramesh,Sale,1000,250,750\n16/01/2026,,Ramesh,Payment-In,400,400,0\n17/01/2026,,Sita,Purchase,300,100,200\n18/01/2026,,Sita,Payment-Out,100,100,0\n",
		want: []string{"Ramesh 350", "Sita -100"}, left: 0,
	},
	"Tally, ledger": {
		file:  "Sharma Kirana,,,,,,\nMain Road,,,,,,\nRamesh,,,,,,\nLedger Account,,,,,,\n1-Apr-2025 to 31-Mar-2026,,,,,,\nDate,Particulars,,Vch Type,Vch No.,Debit,Credit\n1-Apr-25,To,Opening Balance,,,\"5,000.00\",\n5-Apr-25,To,Sales,Sales,1,\"1,000.00\",\n20-Apr-25,By,Cash,Receipt,2,,400.00\n,,,,,\"6,000.00\",400.00\n,By,Closing Balance,,,,\"5,600.00\"\n,,,,,\"6,000.00\",\"6,000.00\"\n",
		party: "Ramesh", want: []string{"Ramesh 5600"}, left: 8,
	},
	"Tally, day book": {
		file: "Sharma Kirana,,,,,\nDay Book,,,,,\n1-Jan-26 to 31-Jan-26,,,,,\nDate,Particulars,Vch Type,Vch No.,Debit Amount,Credit Amount\n2-Jan-26,Ramesh,Sales,1,1000.00,\n3-Jan-26,Ramesh,Receipt,1,,400.00\n,Total,,,1000.00,400.00\n",
		want: []string{"Ramesh 600"}, left: 4,
	},
	"Tally, debtors": {
		file: "Sharma Kirana,,\nSundry Debtors,,\nGroup Summary,,\n1-Apr-25 to 31-Mar-26,,\nParticulars,Closing Balance,\n,Debit,Credit\nRamesh,\"1,500.00\",\nSita,,700.00\nGrand Total,\"1,500.00\",700.00\n",
		want: []string{"Ramesh 1500", "Sita -700"}, left: 6,
	},
	"Tally, bills": {
		file: "Date,Ref. No.,Party's Name,Pending Amount,Due on,Overdue by days\n1-Jan-26,1,Ramesh,1000.00,31-Jan-26,300\n5-Jan-26,2,Ramesh,500.00,4-Feb-26,296\n7-Jan-26,3,Sita,300.00,6-Feb-26,294\n",
		want: []string{"Ramesh 1500", "Sita 300"}, left: 0,
	},
	"accounts one under the other": {
		file: "Sharma Kirana\nCustomer: Ramesh (98765 43210)\nDate,Details,Gave,Got,Balance\n15/01/2026,atta,1000,,1000\n16/01/2026,,,400,600\nTotal,,1000,400,600\nCustomer: Sita\nDate,Details,Gave,Got,Balance\n17/01/2026,,300,,300\nTotal,,300,,300\n",
		want: []string{"Ramesh+919876543210 600", "Sita 300"}, left: 6, check: "yes",
	},
	"accounts under plain names": {
		file: "Ramesh\nDate,Details,Gave,Got\n15/01/2026,atta,1000,\nSita\nDate,Details,Gave,Got\n17/01/2026,,300,\n",
		want: []string{"Ramesh 1000", "Sita 300"}, left: 3,
	},
	"two lines of heads": {
		file: "Date,Party,Amount,\n,,Gave,Got\n15/01/2026,Ramesh,1000,\n16/01/2026,Ramesh,,400\n",
		want: []string{"Ramesh 600"}, left: 1,
	},
	"a bar": {
		file: "Date|Party|Gave|Got\n15/01/2026|Ramesh|1,000|\n16/01/2026|Ramesh||400\n",
		want: []string{"Ramesh 600"}, left: 0,
	},
	"semicolons, with commas in amounts": {
		file: "Name;Balance\nRamesh;1,200\nSita;2,300.50\nGita;1,00,000\n",
		want: []string{"Ramesh 1200", "Sita 2300.50", "Gita 100000"}, left: 0,
	},
	"euros": {
		file: "Name;Balance\nRamesh;1.234,50\nSita;12,5\nGita;1.000\n",
		want: []string{"Ramesh 1234.50", "Sita 12.50", "Gita 1000"}, left: 0,
	},
	"a comma that can be read in two ways": {
		file: "Name;Balance\nRamesh;1,234.50\nSita;12,5\n",
		want: []string{"problem Balance", "Ramesh 1234.50"}, left: 0,
	},
	"a wrong grouping": {
		file: "Name,Balance\nRamesh,\"1,2345\"\nSita,\"1,234\"\n",
		want: []string{"problem Balance", "Sita 1234"}, left: 0,
	},
	"supplier": {
		file: "Date,Supplier Name,Purchase,Paid\n15/01/2026,Mahavir,1000,\n16/01/2026,Mahavir,,400\n",
		want: []string{"Mahavir -600"}, left: 0,
	},
	"paid and received": {
		file: "Date,Party,Paid,Received\n15/01/2026,Ramesh,1000,\n16/01/2026,Ramesh,,400\n",
		want: []string{"Ramesh 600"}, left: 0,
	},
	"udhaar and jama": {file: "Tarikh,Grahak,Udhaar,Jama,Baki\n15/01/2026,Ramesh,1000,,1000\n16/01/2026,Ramesh,,400,600\n", want: []string{"Ramesh 600"}, left: 0, check: "yes"},
	"credit alone asks": {
		file: "Date,Name,Credit\n15/01/2026,Ramesh,1000\n",
		want: []string{"ask sides"}, left: 0,
	},
	"credit alone, given": {
		file:  "Date,Name,Credit\n15/01/2026,Ramesh,1000\n",
		sides: SidesGave, want: []string{"Ramesh 1000"}, left: 0,
	},
	"payment alone asks": {
		file: "Date,Name,Payment\n15/01/2026,Ramesh,1000\n",
		want: []string{"ask sides"}, left: 0,
	},
	"unknown figures ask":                          {file: "Date,Name,Maal,Wapas\n15/01/2026,Ramesh,1000,\n16/01/2026,Ramesh,,400\n", want: []string{"ask figures"}, left: 0},
	"half of the figures ask":                      {file: "Date,Name,Gave,Wapas\n15/01/2026,Ramesh,1000,\n16/01/2026,Ramesh,,400\n", want: []string{"ask figures"}, left: 0},
	"figures of goods are no question":             {file: "Date,Name,Item,Qty,Rate,GST,Gave,Got\n15/01/2026,Ramesh,atta,2,500,50,1000,\n", want: []string{"Ramesh 1000"}, left: 0},
	"both orders of days":                          {file: "Date,Name,Gave\n1/13/2026,Ramesh,1\n13/1/2026,Ramesh,2\n1/2/2026,Ramesh,4\n", want: []string{"ask days"}, left: 0},
	"both orders of days, answered":                {file: "Date,Name,Gave\n1/13/2026,Ramesh,1\n13/1/2026,Ramesh,2\n1/2/2026,Ramesh,4\n", days: DayFirst, want: []string{"problem Date", "Ramesh 6"}, left: 0},
	"months that go up only when they stand first": {file: "Date,Name,Gave\n1/2/2026,Ramesh,1\n1/9/2026,Ramesh,2\n2/3/2026,Ramesh,4\n2/8/2026,Ramesh,4\n3/5/2026,Ramesh,4\n", want: []string{"ask days"}, left: 0},
	"days of many kinds": {
		file: "Date,Name,Gave\n5-1-26,A,1\n05.01.2026,A,1\n\"Mon, 5 Jan 2026\",A,1\n5th January 2026,A,1\n2026/01/05,A,1\n2026-01-05 10:15:00,A,1\nJan 05 2026,A,1\n05Jan2026,A,1\n05-JAN-26,A,1\n2026-01-04T20:00:00Z,A,1\n2026-01-05T10:00:00+05:30,A,1\nMon Jan 05 2026 10:15:00 GMT+0530 (India Standard Time),A,1\n1767571200000,A,1\n05/01/2026 10:15 PM,A,1\n५ जनवरी २०२६,A,1\n\"5 Jan 2026 at 10:15 am\",A,1\n46027,A,1\n",
		want: []string{"A 17"}, dates: []string{
			"2026-01-05 1", "2026-01-05 1", "2026-01-05 1", "2026-01-05 1",
			"2026-01-05 1", "2026-01-05 1", "2026-01-05 1", "2026-01-05 1", "2026-01-05 1", "2026-01-05 1",
			"2026-01-05 1", "2026-01-05 1", "2026-01-05 1", "2026-01-05 1", "2026-01-05 1", "2026-01-05 1",
			"2026-01-05 1",
		}, left: 0,
	},
	"amounts of many kinds": {
		file: "Name,Balance\nA,\"₹ 1,00,000.00 Dr\"\nB,(500)\nC,500 Cr\nD,Cr 500\nE,₹-500\nF,-₹500\nG,500 जमा\nH,500 उधार\nI,\"Rs. 1,234/-\"\nJ,INR 500.50\nK,रु. ५००\nL,nil\nM,--\nN,500.00CR\nO,(500) Cr\nP,+ 500\n",
		want: []string{
			"A 100000", "B -500", "C -500", "D -500", "E -500", "F -500", "G -500", "H 500", "I 1234",
			"J 500.50", "K 500", "L 0", "M 0", "N -500", "O 500", "P 500",
		}, left: 0,
	},
	"totals in other words": {file: "Name,Phone,Balance\nTotal Traders,9876543210,100\nकुल योग,,100\nGrand Total:,,100\nTotal (1 customer),,100\nमोट,,1\n", want: []string{"Total Traders+919876543210 100", "मोट 1"}, left: 3},
	"a total without a word": {
		file: "Name,Phone,Balance\nRamesh,9876543210,100\nSita,,200\n,,300\n",
		want: []string{"Ramesh+919876543210 100", "Sita 200"}, left: 1,
	},
	"heads once more":                        {file: "Date,Name,Gave\n15/01/2026,Ramesh,1\nPage 1 of 2\nDate,Name,Gave\n16/01/2026,Ramesh,2\n", want: []string{"Ramesh 3"}, left: 2},
	"newest first":                           {file: "Date,Name,Gave,Got,Balance\n16/01/2026,Ramesh,,400,600\n15/01/2026,Ramesh,1000,,1000\n", want: []string{"Ramesh 600"}, left: 0, check: "yes"},
	"balances that are wrong":                {file: "Date,Name,Gave,Got,Balance\n15/01/2026,Ramesh,1000,,1000\n16/01/2026,Ramesh,,400,700\n", want: []string{"Ramesh 600"}, left: 0, check: "no"},
	"phones with words":                      {file: "Name,Phone,Balance\nA,M: 98765 43210,1\nB,98765-43211 / 9000000001,2\nC,9.88E+09,3\nD,9876543212.0,4\nE,+91 (98765) 43213,5\nF,022-23456789 & 9876543214,6\n", want: []string{"A+919876543210 1", "B+919876543211 2", "C 3", "D+919876543212 4", "E+919876543213 5", "F+912223456789 6"}, left: 0},
	"one person with and without phone":      {file: "Name,Phone,Date,Gave\nRamesh,,15/01/2026,1\nRamesh,9876543210,16/01/2026,2\n", want: []string{"Ramesh+919876543210 3"}, left: 0},
	"two persons, and a line of one of them": {file: "Name,Phone,Date,Gave\nRamesh,9876543210,15/01/2026,1\nRamesh,9876543211,16/01/2026,2\nRamesh,,17/01/2026,4\n", want: []string{"problem Name", "Ramesh+919876543210 1", "Ramesh+919876543211 2"}, left: 0},
	"Google contacts, the old way":           {file: "Name,Given Name,Additional Name,Family Name,Yomi Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value,Organization 1 - Type,Organization 1 - Name\nRamesh Patel,Ramesh,,Patel,,* myContacts,,,Mobile,+91 98765 43210,Work,022 23456789,,Patel Stores\n", want: []string{"Ramesh Patel+919876543210 0"}, left: 0},
	"Outlook contacts":                       {file: "First Name,Middle Name,Last Name,Title,Suffix,Company,Department,Business Phone,Home Phone,Mobile Phone,E-mail Address,Notes\nRamesh,,Patel,,,Patel Stores,,,,98765 43210,r@x.in,good payer\n", want: []string{"Ramesh Patel+919876543210 0"}, left: 0},
	"a list without heads": {
		file: "Ramesh,9876543210\nSita,9876500000\n",
		want: []string{"Ramesh+919876543210 0", "Sita+919876500000 0"}, left: 0,
	},
	"a bill for each line":                     {file: "Date,Customer,Bill Amount,Paid Amount,Balance\n15/01/2026,Ramesh,1000,400,600\n16/01/2026,Ramesh,500,0,500\n", want: []string{"Ramesh 1100"}, left: 0, check: "yes"},
	"amount with a sign":                       {file: "Date,Party,Amount\n15/01/2026,Ramesh,1000\n16/01/2026,Ramesh,-400\n", want: []string{"ask sides"}, left: 0},
	"amount with a sign, plus is what was got": {file: "Date,Party,Amount\n15/01/2026,Ramesh,1000\n16/01/2026,Ramesh,-400\n", sides: SidesGot, want: []string{"Ramesh -600"}, left: 0},
	"sides under any head":                     {file: "Date,Name,Amount,Status\n15/01/2026,Ramesh,500,Gave\n16/01/2026,Ramesh,200,Got\n", want: []string{"Ramesh 300"}, left: 0},
	"opening and closing of each party":        {file: "Party,Opening Balance,Debit,Credit,Closing Balance\nRamesh,100,1000,400,700\nSita,0,300,0,300\n", want: []string{"Ramesh 700", "Sita 300"}, left: 0},
	"commas without quotation marks": {
		file: "Name,Balance\nRamesh,1,200\nSita,300\n",
		want: []string{"problem", "Sita 300"}, left: 0,
	},
	"a contact that is only a number": {
		file: "First Name,Last Name,Phone 1 - Value\n,,9811111112\n",
		want: []string{"+919811111112+919811111112 0"}, left: 0,
	},
	"credit that you gave":                 {file: "Date,Customer,Credit (You Gave),Debit (You Got)\n15/01/2026,Ramesh,1000,\n16/01/2026,Ramesh,,400\n", want: []string{"Ramesh 600"}, left: 0},
	"words of totals in entries":           {file: "Date,Party,Details,Gave,Got\n15/01/2026,Ramesh,Total bill,500,\n16/01/2026,Ramesh,closing balance paid,,200\n17/01/2026,Ramesh,Total,100,\n", want: []string{"Ramesh 400"}, left: 0},
	"sides in words beside amounts":        {file: "Name,Balance\nRamesh,\"₹ 500.00 (You will get)\"\nSita,₹ 300 (You will give)\nLata,500 advance\nGita,500 due\n", want: []string{"Ramesh 500", "Sita -300", "Lata -500", "Gita 500"}, left: 0},
	"titles, and heads that are merged":    {file: "ABC Traders,,,,\n,,,,\nParty Ledger Report,,,,\nFrom 01-04-2025 to 31-03-2026,,,,\n,,,,\nDate,Party Name,Transaction,,Balance\n,,Debit,Credit,\n05-04-2025,Ramesh,1000.00,,1000.00 Dr\n15-04-2025,Ramesh,,400.00,600.00 Dr\n", want: []string{"Ramesh 600"}, left: 4, check: "yes"},
	"Dr and Cr of the balance in a column": {file: "Date,Details,You Gave,You Got,Balance,Dr/Cr\n15/01/2026,a,1000,,1000,Dr\n16/01/2026,,,1400,400,Cr\n", party: "Ramesh", want: []string{"Ramesh -400"}, left: 0, check: "yes"},
	"a bank without titles":                {file: "S.No,Date,Description,Cheque No,Debit,Credit,Balance\n1,15/01/2026,UPI,,500.00,-,1000.00 Cr\n2,16/01/2026,UPI,,-,700.00,1700.00 Cr\n", want: []string{"ask party", "ask sides"}, left: 0},
	"an opening balance as a type":         {file: "Party,Date,Type,Amount\nRamesh,01/04/2026,Opening Balance,500\nRamesh,15/04/2026,Gave,100\nRamesh,16/04/2026,Got,50\n", want: []string{"Ramesh 550"}, left: 0},
	"a total under phones":                 {file: "Sr.,Party,Station,Mobile,Debit Bal,Credit Bal\n1,Ramesh,Pune,9876543210,500.00,\n2,Sita,Pune,9876500000,,300.00\n,,,TOTAL,500.00,300.00\n", want: []string{"Ramesh+919876543210 500", "Sita+919876500000 -300"}, left: 1},
	"a statement in Hindi":                 {file: "ग्राहक: रमेश\nदिनांक,विवरण,नामे,जमा,शेष\n01/04/2026,पिछला शेष,,,500\n15/04/2026,आटा,100,,600\n16/04/2026,,,200,400\nयोग,,100,200,400\n", party: "रमेश", want: []string{"रमेश 400"}, left: 2, check: "yes"},
	"a balance of all together":            {file: "Date,Customer,Debit,Credit,Balance\n15/01/2026,Ramesh,1000,,1000\n15/01/2026,Sita,500,,1500\n16/01/2026,Ramesh,,400,1100\n", want: []string{"Ramesh 600", "Sita 500"}, left: 0, check: "yes"},
	"contacts of other apps": {
		file: "Display Name,Mobile Phone\nRamesh,\"+91 98765-43210\"\nSita,+91 98765 43211 (office)\n",
		want: []string{"Ramesh+919876543210 0", "Sita+919876543211 0"}, left: 0,
	},
	"subtotals of parties":        {file: "Date,Party,Gave,Got\n15/01/2026,Ramesh,500,\n,Ramesh Total,500,\n16/01/2026,Sita,300,\n,Sita Total,300,\n,Grand Total,800,\n", want: []string{"Ramesh 500", "Sita 300"}, left: 3},
	"to collect and to pay":       {file: "Party Name,Mobile Number,Billing Address,GSTIN,Balance (₹),Balance Type\nRamesh,9876543210,Pune,27AAAAA0000A1Z5,500,To Collect\nSita,9876500000,,,300,To Pay\n", want: []string{"Ramesh+919876543210 500", "Sita+919876500000 -300"}, left: 0},
	"payment apps":                {file: "Date,Time,Transaction Details,Your Account,Amount\n05 Jan 2026,10:15 AM,Paid to Ramesh,SBI,-500\n06 Jan 2026,11:15 AM,Received from Sita,SBI,+300\n", want: []string{"ask party", "ask sides"}, left: 0},
	"German heads":                {file: "Datum;Name;Debit;Credit\n05.01.2026;Ramesh;1.234,50;\n16.01.2026;Ramesh;;234,50\n", want: []string{"Ramesh 1000"}, left: 0},
	"minus in every cell of gave": {file: "Date,Party,You gave(-),You got(+)\n15/01/2026,Ramesh,-1000,\n16/01/2026,Ramesh,,+400\n", want: []string{"Ramesh 600"}, left: 0},
	"a web page of a bank":        {file: "<html><head><style>td{color:red}</style></head><body><table><tr><td colspan=4>Customer Statement</td></tr><tr><td>Date<td>Name<td>Gave<td>Got<tr><td>15/01/2026<td>Ramesh &amp; Sons<td>1,000.00<td>&nbsp;<tr><td>16/01/2026<td>Ramesh &amp; Sons<td><td>400</table></body></html>", want: []string{"Ramesh & Sons 600"}, left: 1},
	"a sheet in XML":              {file: `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Dues"><Table><Row><Cell ss:MergeAcross="1"><Data ss:Type="String">Dues</Data></Cell></Row><Row><Cell><Data ss:Type="String">Name</Data></Cell><Cell ss:Index="3"><Data ss:Type="String">Balance</Data></Cell></Row><Row><Cell><Data ss:Type="String">Ramesh</Data></Cell><Cell ss:Index="3"><Data ss:Type="Number">1500</Data></Cell></Row></Table></Worksheet></Workbook>`, want: []string{"Ramesh 1500"}, left: 1},
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	for name, l := range layouts {
		l.test(t, name, []byte(l.file))
		l.test(t, name+", with a mark", append([]byte("\xef\xbb\xbf"), l.file...))
		l.test(t, name+", in UTF-16", utf16Of(l.file, binary.LittleEndian, true))
		l.test(t, name+", lines of Windows", bytes.ReplaceAll([]byte(l.file), []byte("\n"), []byte("\r\n")))
	}
}
