package intake

// A source is a place that people come from, and how its file is made.
type source struct {
	Mark, Name, File string
	Steps            []string
	Contacts         bool // the phone's own picker can bring them too
}

// sources are in the order in which people ask for them.
func (v View) sources() []source {
	share := v.T("Save the file on this phone, or send it to yourself, and choose it below.")
	return []source{
		{Mark: "K", Name: v.T("From Khatabook"), File: v.T("Excel file of all customers"), Steps: []string{
			v.T("In Khatabook open View Report, above the list of customers."),
			v.T("Choose all time, and no single customer."),
			v.T("Tap Download, then Excel."), share,
		}},
		{Mark: "O", Name: v.T("From OkCredit"), File: v.T("Statement as Excel or CSV"), Steps: []string{
			v.T("In OkCredit open Account, then Account Statement."),
			v.T("Choose the whole time."),
			v.T("Tap Download. Where it offers a kind of file, take Excel."), share,
		}},
		{
			Mark: "₹", Name: v.T("Bank statement"),
			File: v.T("Excel or CSV of HDFC, SBI, ICICI, Axis, Kotak, PNB and others"),
			Steps: []string{
				v.T("In net banking or the bank's app open Account statement."),
				v.T("Choose the days, and Excel or CSV as the kind of file. A PDF cannot be read."),
				v.T("After the preview opens, say which party the entries belong to, or choose a column for it."),
				share,
			},
		},
		{Mark: "☎", Name: v.T("Phone contacts"), File: v.T("Contacts file (.vcf)"), Contacts: true, Steps: []string{
			v.T("In Contacts open the menu, then Share or Export, and choose all contacts or some."),
			v.T("On an iPhone choose a list of contacts, then Export."), share,
		}},
		{Mark: "X", Name: v.T("Excel"), File: v.T("Your own list, with a header row"), Steps: []string{
			v.T("One row for each entry: date, name, given, received, note. Or one row for each party, with its opening balance."),
			v.T("Save it as .xlsx or .csv. Copying the rows and pasting them below works too."),
		}},
	}
}
