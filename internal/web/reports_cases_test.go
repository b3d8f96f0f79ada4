package web

func init() {
	for kind, shows := range map[string]string{
		"csv": "1234568.89", "xlsx": "xl/worksheets/sheet1.xml",
		"pdf": "%PDF-",
	} {
		trials["GET /b/{business}/reports."+kind] = trial{
			ask: func(i ids) ask {
				return ask{path: i.shop() + "/reports." + kind, query: values("show", "parties", "from", "", "to", "")}
			}, status: 200, shows: shows,
		}
	}
	trials["GET /b/{business}/reports"] = trial{
		free: true, status: 200, shows: "12,34,567.89",
		ask: func(i ids) ask {
			return ask{path: i.shop() + "/reports", query: values("show", "day", "from", "2026-03-01", "to",
				"2026-03-31")}
		},
	}
	trials["GET /mydata"] = trial{ask: at("/mydata"), free: true, status: 200, shows: wordOfA + "shop two"}
	trials["GET /mydata/download"] = trial{
		ask: at("/mydata/download"), free: true, status: 200,
		shows: "02 " + wordOfA + "shop",
	}
}
