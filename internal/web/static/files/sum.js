// Sums as a shopkeeper types them. It runs in pages and in the worker, so it exports by name.
self.sums = (() => {
	// total reads a sum such as 1,250+90-20 into hundredths, as the server does;
	// null when it is none (yet).
	function total(text) {
		const s = text.replace(/[०-९]/g, (d) => d.charCodeAt(0) - 0x966).replace(/[−–]/g, "-").replace(/[₹$€£,\s]/g, "");
		if (!/^\d*\.?\d*([+-]\d*\.?\d*)*$/.test(s) || !/\d/.test(s)) return null;
		let sum = 0n;
		for (const [, sign, whole, frac = ""] of s.matchAll(/([+-]?)(\d*)(?:\.(\d*))?/g)) {
			if (!whole && !frac) continue;
			if (frac.length > 2) return null;
			const n = BigInt(whole || "0") * 100n + BigInt((frac + "00").slice(0, 2));
			sum += sign === "-" ? -n : n;
		}
		return sum;
	}

	function plain(n) {
		const frac = n % 100n;
		return `${n / 100n}` + (frac ? "." + String(frac).padStart(2, "0") : "");
	}

	function shown(n, symbol, indian) {
		const [whole, frac] = plain(n).split(".");
		const grouped = indian ? whole.replace(/(\d)(?=(\d\d)*\d{3}$)/g, "$1,") : whole.replace(/\B(?=(\d{3})+$)/g, ",");
		return symbol + grouped + (frac ? "." + frac : "");
	}

	return { total, plain, shown };
})();
