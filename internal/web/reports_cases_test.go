package web

func init() {
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
