package intake

import (
	"fmt"
	"testing"
)

func TestAdhoc(t *testing.T) {
	for i, f := range []string{
		// 0 khatabook statement w/ running balance Dr/Cr in sep column
		"Date,Details,You Gave,You Got,Balance,Dr/Cr\n15/01/2026,a,1000,,1000,Dr\n16/01/2026,,,1400,400,Cr\n",
		// 1 HDFC csv with header spaces
		"\n  Date     ,Narration                                                                                                                ,Value Dat,Debit Amount       ,Credit Amount      ,Chq/Ref Number   ,Closing Balance\n  15/01/26  ,UPI-SITA                     ,15/01/26  ,          500.00   ,              0.00 ,0000601,           9500.00\n",
		// 2 ICICI with Cr/Dr column
		"Sl No,Tran Id,Value Date,Transaction Date,Transaction Posted Date,Cheque. No./Ref. No.,Transaction Remarks,Withdrawal Amt (INR),Deposit Amt (INR),Balance (INR)\n1,S1,15/Jan/2026,15/Jan/2026,15/01/2026 10:00:00 AM,,UPI/SITA,500,,1000\n",
		// 3 SBI csv newer
		"Account Name,: Mr X\nAccount Number,: 00000001\nTxn Date,Value Date,Description,Ref No./Cheque No.,Branch Code,Debit,Credit,Balance\n15-Jan-26,15-Jan-26,UPI,,123,500.00,,1000.00\n",
		// 4 bank with Date as names? BOB
		"S.No,Date,Description,Cheque No,Debit,Credit,Balance\n1,15/01/2026,UPI,,500.00,-,1000.00 Cr\n2,16/01/2026,UPI,,-,700.00,1700.00 Cr\n",
		// 5 Paytm passbook
		"Date,Activity,Source/Destination,Wallet Txn ID,Comment,Debit,Credit,Transaction Breakup,Status\n15/01/2026 10:00:00,Paid,Ramesh,1,,500,,,SUCCESS\n",
		// 6 PhonePe
		"Date,Transaction Details,Type,Amount\n\"Jan 15, 2026\",Paid to Ramesh,DEBIT,₹500\n\"Jan 16, 2026\",Received from Sita,CREDIT,₹300\n",
		// 7 vyapar party statement
		"Party Statement\nParty Name: Ramesh\nDate,Txn Type,Ref No,Payment Type,Total,Received / Paid,Txn Balance,Receivable Balance,Payable Balance\n15/01/2026,Sale,1,Cash,1000,400,600,600,\n16/01/2026,Payment-In,2,Cash,200,200,0,400,\n",
		// 8 Marg / Busy outstandings
		"Sr.,Party,Station,Mobile,Debit Bal,Credit Bal\n1,Ramesh,Pune,9876543210,500.00,\n2,Sita,Pune,9876500000,,300.00\n,,,TOTAL,500.00,300.00\n",
		// 9 Zoho books
		"Customer Name,Display Name,Company Name,Phone,MobilePhone,Opening Balance,Outstanding Receivable Amount\nRamesh,Ramesh Patel,Patel Stores,,9876543210,0,500\n",
		// 10 mixed opening for multi parties in entries with Type Opening
		"Party,Date,Type,Amount\nRamesh,01/04/2026,Opening Balance,500\nRamesh,15/04/2026,Gave,100\nRamesh,16/04/2026,Got,50\n",
		// 11 All-zero columns
		"Name,Phone,Gave,Got\nRamesh,9876543210,0,0\n",
		// 12 negative balance as parentheses with text
		"Name,Phone,Bal.\nRamesh,9876543210,(500)\nSita,,500-\n",
		// 13 Excel text numbers with leading apostrophe
		"Name,Phone,Balance\nRamesh,'9876543210,'500\n",
		// 14 trailing junk columns
		"Name,Balance,,\nRamesh,500,,\nSita,300,,call him\n",
		// 15 Title + two tables (summary first)
		"Total Credit,Total Debit,Balance\n1000,400,600\n\nDate,Name,Debit,Credit\n15/01/2026,Ramesh,1000,\n",
		// 16 name column with serial "1. Ramesh"
		"Name,Due\n1. Ramesh,500\n2. Sita,300\n",
		// 17 "Days" "Due Date"
		"Customer,Due Date,Amount\nRamesh,15/01/2026,500\nSita,16/01/2026,300\n",
		// 18 credit/debit both filled same row with zero text
		"Date,Party,Debit,Credit\n15/01/2026,Ramesh,500,NIL\n16/01/2026,Ramesh,--,200\n",
		// 19 hindi statement one party
		"ग्राहक: रमेश\nदिनांक,विवरण,नामे,जमा,शेष\n01/04/2026,पिछला शेष,,,500\n15/04/2026,आटा,100,,600\n16/04/2026,,,200,400\nयोग,,100,200,400\n",
		// 20 party, date only year-month?
		"Month,Party,Gave\nJan-26,Ramesh,500\n",
		// 21 JSON
		"[{\"name\":\"x\"}]",
		// 22 gz
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abc",
		// 23 html no table
		"<!DOCTYPE html><html><body><p>hello</p></body></html>",
		// 24 xml
		"<?xml version=\"1.0\"?><ENVELOPE><BODY>x</BODY></ENVELOPE>",
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
