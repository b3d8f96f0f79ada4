package intake

import (
	"fmt"
	"testing"
)

func TestAdhoc(t *testing.T) {
	for i, f := range []string{
		// 0 khatabook newer excel
		"Customer Name,Customer Phone,Date,You Gave,You Got,Balance,Note\nRamesh,+919876543210,2026-01-05,500,,500,atta\nRamesh,+919876543210,2026-01-06,,200,300,\n",
		// 1 credit given / payment received
		"Date,Customer,Credit Given,Payment Received,Remaining\n05/01/2026,Ramesh,500,,500\n06/01/2026,Ramesh,,200,300\n",
		// 2 hindi
		"दिनांक,ग्राहक का नाम,उधार दिया,जमा किया,बाकी\n05/01/2026,रमेश,500,,500\n06/01/2026,रमेश,,200,300\n",
		// 3 hindi months
		"तारीख,पार्टी,नामे,जमा\n५ फ़रवरी २०२६,रमेश,५००,\n६ मार्च २०२६,रमेश,,२००\n",
		// 4 single col dues
		"Name,Amount Due\nRamesh,500\nSita,300\n",
		// 5 type receivable
		"Name,Mobile,Amount,Type\nRamesh,9876543210,500,Receivable\nSita,9876500000,300,Payable\n",
		// 6 name with title above in one column
		"My khata list\n\nName\nRamesh\nSita\n",
		// 7 pipes/TSV pasted w/o heads
		"Ramesh\t9876543210\t500\nSita\t9876500000\t300\n",
		// 8 decimal comma single party file
		"Datum;Name;Debit;Credit\n05.01.2026;Ramesh;1.234,50;\n16.01.2026;Ramesh;;234,50\n",
		// 9 trailing sum rows with empty row
		"Date,Party,Debit,Credit\n05/01/2026,Ramesh,500,\n,,,\nGrand Total,,500,0\nNet Balance,,500,\n",
		// 10 Tally with Dr/Cr balance
		"Date,Particulars,Vch Type,Vch No,Debit,Credit,Balance\n01-04-2025,Opening Balance,,,,,5000.00 Dr\n05-04-2025,Sales A/c,Sales,12,1000.00,,6000.00 Dr\n20-04-2025,Cash,Receipt,3,,400.00,5600.00 Dr\n",
		// 11 gave got with signs in parentheses
		"Date,Name,Amount,Status\n05/01/2026,Ramesh,500,Gave\n06/01/2026,Ramesh,200,Got\n",
		// 12 myBillBook
		"Party Name,Mobile Number,Billing Address,GSTIN,Balance (₹),Balance Type\nRamesh,9876543210,Pune,27AAAAA0000A1Z5,500,To Collect\nSita,9876500000,,,300,To Pay\n",
		// 13 paytm/gpay style
		"Date,Time,Transaction Details,Your Account,Amount\n05 Jan 2026,10:15 AM,Paid to Ramesh,SBI,-500\n06 Jan 2026,11:15 AM,Received from Sita,SBI,+300\n",
		// 14 serial CSV
		"Sr No,Date,Party,Gave\n1,46027,Ramesh,500\n2,46028,Ramesh,200\n",
		// 15 no header row but dated lines
		"05/01/2026,Ramesh,500,\n06/01/2026,Ramesh,,200\n",
		// 16 Name & balance with Dr/Cr column named Dr/Cr
		"Name,Balance,Dr/Cr\nRamesh,500,Dr\nSita,300,Cr\n",
		// 17 month first with month names too
		"Date,Party,Gave\n12/31/2025,A,1\n1/5/2026,A,2\nJan 7 2026,A,4\n",
		// 18 two phones columns
		"Name,Phone 1,Phone 2,Due\nRamesh,,9876543210,500\n",
		// 19 lower-case/underscore api style
		"customer_name,phone_number,txn_date,txn_type,amount\nRamesh,9876543210,2026-01-05T10:00:00Z,CREDIT,500\nRamesh,9876543210,2026-01-06T10:00:00Z,PAYMENT,200\n",
		// 20 debit only with negative
		"Date,Party,Debit,Credit\n05/01/2026,Ramesh,500,0.00\n06/01/2026,Ramesh,0.00,200\n",
		// 21 amount in wrong script
		"নাম,বাকি\nরমেশ,৫০০\n",
		// 22 Gujarati
		"તારીખ,નામ,આપ્યા,મળ્યા\n05/01/2026,રમેશ,૫૦૦,\n",
		// 23 Total with Unicode nbsp
		"Name,Balance\nRamesh,500\n\u00a0Total\u00a0,500\n",
		// 24 parties named A..Z with 'Balance' negative
		"Party,Closing Balance\nRamesh,\"1,500.00 Dr\"\nSita,700.00 Cr\n",
		// 25 unknown language heads
		"Kunde,Betrag\nRamesh,500\n",
		// 26 single party unnamed w/ 'Statement of Ramesh'
		"Statement of Ramesh Patel (9876543210)\nDate,Details,You gave,You got\n05/01/2026,x,500,\n",
		// 27 sub-totals per party
		"Date,Party,Gave,Got\n05/01/2026,Ramesh,500,\n,Ramesh Total,500,\n06/01/2026,Sita,300,\n,Sita Total,300,\n,Grand Total,800,\n",
		// 28 amounts with currency code per cell
		"Name,Balance\nRamesh,INR 500.00\nSita,₹300/-\nGita,500 Rs\nLata,Rs 500 Dr.\n",
		// 29 date range heading with date like first col
		"01/01/2026 to 31/03/2026\nDate,Party,Gave\n05/01/2026,Ramesh,500\n",
	} {
		table, err := Read([]byte(f))
		if err != nil {
			fmt.Println(i, err)
			continue
		}
		m := Guess(table)
		p := readBody(t, []byte(f), existing{}, nil)
		fmt.Println(i, m.Columns, m.Head, "=>", said(p), days(p), p.Suggest)
		for _, x := range p.Problems {
			fmt.Println("   P", x.Line, x.Column, fmt.Sprintf(x.Reason.Text, x.Reason.Args...))
		}
		for _, x := range p.Notes {
			fmt.Println("   N", x.Line, x.Column, fmt.Sprintf(x.Reason.Text, x.Reason.Args...))
		}
		for _, x := range p.Left {
			fmt.Println("   L", x.Line, x.Reason.Text, x.Name)
		}
		if p.Check != nil {
			fmt.Println("   C", fmt.Sprintf(p.Check.Reason.Text, p.Check.Reason.Args...))
		}
	}
}
