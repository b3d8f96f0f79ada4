// Amounts as a shopkeeper types them. It runs in pages and in the worker, so it exports by name.
self.sums = (() => {
	// What stands around an amount and means nothing, as the server's money.Parse has it.
	const edges = /^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;
	const marks = ["₹", "Rs.", "Rs", "INR", "USD", "$", "€", "£"];
	const max = 10_000_000_000_000n; // minor units

	function clean(text) {
		let s = text.replace(edges, "");
		for (const mark of marks) s = s.replaceAll(mark, "");
		return s.replace(/[ \xa0\u202f]/g, "").replace(/[−–]/g, "-").replace(/[०-९]/g, (d) => d.charCodeAt(0) - 0x966);
	}

	// one reads one amount of a sum.
	function one(s, digits) {
		if (s.length > 24 || !/^(\d*|\d{1,3}(,\d{2,3})*,\d{3})(\.\d*)?$/.test(s) || !/\d/.test(s)) return { wrong: "no number" };
		const [whole, frac = ""] = s.replaceAll(",", "").split("."), cut = frac.replace(/0+$/, "");
		if (cut.length > digits) return { wrong: "too fine" };
		const minor = BigInt(whole + cut.padEnd(digits, "0"));
		return minor > max ? { wrong: "too large" } : { minor };
	}

	// parse reads a sum such as 1,250+90-20 into minor units of a currency with so many decimal places, by the same
	// rules as money.Parse: both are tested against internal/money/testdata/typed.json, and against each other. Entries
	// that have waited since before devices knew of digits are of currencies with two.
	function parse(text, digits = 2) {
		let minor = 0n;
		for (const [, sign, term] of ("+" + clean(text)).matchAll(/([+-])([^+-]*)/g)) {
			const n = one(term, digits);
			if (n.wrong) return n;
			minor += sign === "-" ? -n.minor : n.minor;
			if (minor > max || minor < -max) return { wrong: "too large" };
		}
		return minor > 0n ? { minor } : { wrong: "not positive" };
	}

	// total is what a sum comes to, null when it is none.
	const total = (text, digits) => parse(text, digits).minor ?? null;

	// begun is what a sum comes to so far, while the sign for the next amount is there and the amount is not.
	const begun = (text, digits) => total(text.replace(/[+\-−–\s]+$/, ""), digits);

	function plain(n, digits = 2) {
		const one = 10n ** BigInt(digits), frac = n % one;
		return `${n / one}` + (frac ? "." + String(frac).padStart(digits, "0") : "");
	}

	function shown(n, symbol, indian, digits = 2) {
		const [whole, frac] = plain(n, digits).split(".");
		const grouped = indian ? whole.replace(/(\d)(?=(\d\d)*\d{3}$)/g, "$1,") : whole.replace(/\B(?=(\d{3})+$)/g, ",");
		return symbol + grouped + (frac ? "." + frac : "");
	}

	return { parse, total, begun, plain, shown };
})();
